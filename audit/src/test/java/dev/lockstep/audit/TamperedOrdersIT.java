package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Violations in orders, stock, money and saga steps are reported with the order, product or account concerned, and nothing else is. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@Tag("slow")
class TamperedOrdersIT {
    @RegisterExtension
    final AuditFixture fixture = new AuditFixture();

    private String confirmed;
    private String cancelled;

    @BeforeEach
    void createCompletedOrders() {
        confirmed = fixture.confirmed(2);
        cancelled = fixture.cancelled(3);
    }

    @Test
    void an_order_that_is_both_confirmed_and_cancelled() throws Exception {
        fixture.appendToOutbox(ServiceRole.ORDER, confirmed, "OrderCancelled", "order.cancelled");
        fixture.appendToOutbox(ServiceRole.SAGA, confirmed, "CancelOrder", "order.commands");

        assertBroken("accepted", confirmed, confirmed);
    }

    @Test
    void an_order_and_its_saga_that_ended_differently() throws Exception {
        change(ServiceRole.SAGA, "UPDATE saga SET state = 'CONFIRMED' WHERE order_id = ?", cancelled);

        fixture.relay();

        assertThat(fixture.audit().broken())
                .containsEntry("accepted", List.of(cancelled))
                .doesNotContainKeys("settled", "relayed", "order", "once");
    }

    @Test
    void a_saga_without_an_order() throws Exception {
        change(ServiceRole.ORDER, "DELETE FROM orders WHERE order_id = ?::uuid", cancelled);
        fixture.relay();

        assertThat(fixture.audit().broken())
                .isEqualTo(Map.of("accepted", List.of(cancelled), "money", List.of(cancelled)));
    }

    @Test
    void an_abandoned_order_is_counted_and_not_judged() throws Exception {
        change(ServiceRole.SAGA, "UPDATE saga SET state = 'ABANDONED' WHERE order_id = ?", cancelled);
        fixture.relay();

        Outcome outcome = fixture.audit();

        assertThat(outcome.findings()).isEmpty();
        assertThat(outcome.counted("accepted", "abandoned by an operator")).isEqualTo(1);
    }

    @Test
    void stock_and_money_are_checked_after_the_saga_was_dropped() throws Exception {
        fixture.dropSaga(confirmed);
        change(ServiceRole.INVENTORY, "DELETE FROM reservation WHERE order_id = ?", confirmed);
        change(ServiceRole.PAYMENT, "ALTER TABLE ledger_entry DISABLE TRIGGER USER");
        change(ServiceRole.PAYMENT, "DELETE FROM ledger_entry WHERE order_id = ?", confirmed);
        change(ServiceRole.PAYMENT, "DELETE FROM payment WHERE order_id = ?", confirmed);
        change(ServiceRole.PAYMENT, "UPDATE account SET balance = balance + 2000 WHERE user_id = 'u1'");
        fixture.relay();

        Map<String, List<String>> broken =
                Map.of("money", List.of(confirmed), "stock", List.of(confirmed, "product p1"));
        assertThat(fixture.audit().broken()).isEqualTo(broken);
        assertThat(fixture.audit("--settle=0").broken()).isEqualTo(broken);
    }

    @Test
    void a_history_without_a_saga() throws Exception {
        change(ServiceRole.SAGA, "DELETE FROM saga WHERE order_id = ?", confirmed);

        assertBroken("settled", confirmed);
    }

    @Test
    void stock_that_a_confirmed_order_does_not_hold() throws Exception {
        change(
                ServiceRole.INVENTORY,
                "UPDATE reservation SET state = 'RELEASED', items = NULL, total = NULL, currency = NULL WHERE order_id = ?",
                confirmed);

        assertBroken("stock", confirmed, "product p1");
    }

    @Test
    void stock_that_a_cancelled_order_still_holds() throws Exception {
        change(ServiceRole.INVENTORY, """
                UPDATE reservation
                   SET state = 'HELD', total = 3000, currency = 'KRW',
                       items = '[{"productId": "p1", "qty": 3, "unitPrice": 1000}]'
                 WHERE order_id = ?
                """, cancelled);

        assertBroken("stock", cancelled, "product p1");
    }

    @Test
    void reserved_items_that_differ_from_the_order() throws Exception {
        change(ServiceRole.INVENTORY, """
                UPDATE reservation SET items = '[{"productId": "p1", "qty": 1, "unitPrice": 2000}]' WHERE order_id = ?
                """, confirmed);

        assertBroken("stock", confirmed, "product p1");
    }

    @Test
    void a_product_counter_that_differs_from_the_reservations() throws Exception {
        change(ServiceRole.INVENTORY, "UPDATE product SET reserved = reserved + 1");

        assertBroken("stock", "product p1", "product p1");
    }

    @Test
    void missing_stock() throws Exception {
        change(ServiceRole.INVENTORY, "UPDATE product SET available = available - 1");
        fixture.relay();

        assertThat(fixture.audit().findings())
                .containsExactly("available + reserved = 100, the total quantity ever put in | 97 + 2 = 99");
    }

    @Test
    void a_second_charge() throws Exception {
        change(ServiceRole.PAYMENT, "DROP INDEX ledger_entry_once");
        fixture.post(confirmed, "CHARGE", -2_000);

        assertBroken("money", confirmed, confirmed);
    }

    @Test
    void a_confirmed_order_that_was_refunded() throws Exception {
        change(ServiceRole.PAYMENT, "UPDATE payment SET status = 'REFUNDED' WHERE order_id = ?", confirmed);
        fixture.post(confirmed, "REFUND", 2_000);

        assertBroken("money", confirmed);
    }

    @Test
    void a_cancelled_order_without_a_refund() throws Exception {
        change(ServiceRole.PAYMENT, "ALTER TABLE ledger_entry DISABLE TRIGGER USER");
        change(ServiceRole.PAYMENT, "DELETE FROM ledger_entry WHERE order_id = ? AND kind = 'REFUND'", cancelled);
        change(ServiceRole.PAYMENT, "UPDATE account SET balance = balance - 3000 WHERE user_id = 'u1'");

        assertBroken("money", cancelled, cancelled);
    }

    @Test
    void a_charge_that_differs_from_the_order_total() throws Exception {
        change(ServiceRole.ORDER, "UPDATE orders SET total_amount = 1999 WHERE order_id = ?::uuid", confirmed);
        fixture.relay();

        assertThat(fixture.audit().broken())
                .isEqualTo(Map.of("money", List.of(confirmed), "stock", List.of(confirmed)));
    }

    @Test
    void an_order_that_another_user_paid_for() throws Exception {
        change(ServiceRole.PAYMENT, "ALTER TABLE ledger_entry DISABLE TRIGGER USER");
        change(ServiceRole.PAYMENT, "UPDATE payment SET user_id = 'u2' WHERE order_id = ?", confirmed);
        change(ServiceRole.PAYMENT, "UPDATE deposit SET user_id = 'u2'");
        change(
                ServiceRole.PAYMENT,
                "UPDATE ledger_entry SET account = 'u2' WHERE account = 'u1' AND (order_id = ? OR kind = 'DEPOSIT')",
                confirmed);
        change(ServiceRole.PAYMENT, "UPDATE account SET balance = CASE user_id WHEN 'u2' THEN 998000 ELSE 0 END");

        assertBroken("money", confirmed);
    }

    @Test
    void a_balance_that_is_not_the_sum_of_its_entries() throws Exception {
        change(ServiceRole.PAYMENT, "UPDATE account SET balance = balance + 1 WHERE user_id = 'u2'");

        assertBroken("money", "account u2");
    }

    @Test
    void a_posting_that_does_not_sum_to_zero() throws Exception {
        change(ServiceRole.PAYMENT, "ALTER TABLE ledger_entry DISABLE TRIGGER USER");
        change(ServiceRole.PAYMENT, """
                INSERT INTO ledger_entry (posting, account, currency, amount, kind)
                VALUES ('01998d2e-7c52-7d0a-8f11-6c1b9e2a4d37', 'system:revenue', 'KRW', 5, 'DEPOSIT')
                """);

        assertBroken("money", "the ledger in KRW", "posting 01998d2e-7c52-7d0a-8f11-6c1b9e2a4d37");
    }

    @Test
    void a_deposit_that_was_not_booked() throws Exception {
        change(ServiceRole.PAYMENT, """
                INSERT INTO deposit (posting, user_id, amount, currency, opened, balance)
                VALUES ('01998d2e-7c52-7d0a-8f11-6c1b9e2a4d37', 'u2', 5, 'KRW', false, 5)
                """);

        assertBroken("money", "deposit 01998d2e-7c52-7d0a-8f11-6c1b9e2a4d37");
    }

    @Test
    void a_step_that_was_taken_twice() throws Exception {
        fixture.step(confirmed, "PaymentCharged", "CONFIRMING_ORDER");

        assertBroken("once", confirmed);
    }

    @Test
    void a_repeated_command_is_reported_unless_an_operator_retried_the_step() throws Exception {
        fixture.appendToOutbox(ServiceRole.SAGA, confirmed, "ChargePayment", "payment.commands");

        assertBroken("once", confirmed);

        fixture.step(confirmed, "StepRetried", "CHARGING_PAYMENT");
        assertThat(fixture.audit().findings()).isEmpty();
    }

    @Test
    void a_repeated_command_is_not_reported_after_its_saga_was_dropped() throws Exception {
        fixture.appendToOutbox(ServiceRole.SAGA, confirmed, "ChargePayment", "payment.commands");
        fixture.dropSaga(confirmed);
        fixture.relay();

        assertThat(fixture.audit().findings()).isEmpty();
    }

    @Test
    void a_reply_without_a_command() throws Exception {
        fixture.appendToOutbox(ServiceRole.PAYMENT, confirmed, "PaymentCharged", "payment.updated");

        assertBroken("once", confirmed);
    }

    @Test
    void two_orders_with_one_idempotency_key() throws Exception {
        change(ServiceRole.ORDER, "DROP INDEX orders_idempotency_key");
        change(ServiceRole.ORDER, "UPDATE orders SET idempotency_key = 'k', request_hash = 'h'");

        assertBroken("once", "Idempotency-Key k");
    }

    private void change(ServiceRole role, String sql, Object... parameters) {
        fixture.databases.run(role, sql, parameters);
    }

    private void assertBroken(String check, String... ids) throws Exception {
        fixture.relay();

        Outcome outcome = fixture.audit();

        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.broken()).as(outcome.out()).isEqualTo(Map.of(check, List.of(ids)));
    }
}
