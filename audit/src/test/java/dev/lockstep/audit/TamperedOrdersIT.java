package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** Stock, money and steps that are not as promised are named with the order, product or account that they are of, and nothing else is. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class TamperedOrdersIT {
    private World world;
    private String confirmed;
    private String cancelled;

    @BeforeEach
    void two_orders_that_went_through() throws Exception {
        world = new World();
        confirmed = world.confirmed(2);
        cancelled = world.cancelled(3);
    }

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void two_ends_of_one_order() throws Exception {
        world.say(Party.ORDER, confirmed, "OrderCancelled", "order.cancelled");
        world.say(Party.SAGA, confirmed, "CancelOrder", "order.commands");

        assertBroken("accepted", confirmed, confirmed);
    }

    @Test
    void an_order_and_its_saga_that_ended_differently() throws Exception {
        change(Party.SAGA, "UPDATE saga SET state = 'CONFIRMED' WHERE order_id = ?", cancelled);

        world.relay();

        assertThat(world.audit().broken())
                .containsEntry("accepted", List.of(cancelled))
                .doesNotContainKeys("settled", "relayed", "order", "once");
    }

    @Test
    void a_saga_whose_order_is_gone() throws Exception {
        change(Party.ORDER, "DELETE FROM orders WHERE order_id = ?::uuid", cancelled);
        world.relay();

        assertThat(world.audit().broken())
                .isEqualTo(Map.of("accepted", List.of(cancelled), "money", List.of(cancelled)));
    }

    @Test
    void an_abandoned_order_is_counted_and_not_judged() throws Exception {
        change(Party.SAGA, "UPDATE saga SET state = 'ABANDONED' WHERE order_id = ?", cancelled);
        world.relay();

        Outcome outcome = world.audit();

        assertThat(outcome.told()).isEmpty();
        assertThat(outcome.counted("accepted", "abandoned by an operator")).isEqualTo(1);
    }

    @Test
    void stock_and_money_of_a_confirmed_order_whose_saga_is_no_longer_kept() throws Exception {
        world.forget(confirmed);
        change(Party.INVENTORY, "DELETE FROM reservation WHERE order_id = ?", confirmed);
        change(Party.PAYMENT, "ALTER TABLE ledger_entry DISABLE TRIGGER USER");
        change(Party.PAYMENT, "DELETE FROM ledger_entry WHERE order_id = ?", confirmed);
        change(Party.PAYMENT, "DELETE FROM payment WHERE order_id = ?", confirmed);
        change(Party.PAYMENT, "UPDATE account SET balance = balance + 2000 WHERE user_id = 'u1'");
        world.relay();

        Map<String, List<String>> broken =
                Map.of("money", List.of(confirmed), "stock", List.of(confirmed, "product p1"));
        assertThat(world.audit().broken()).isEqualTo(broken);
        assertThat(world.audit("--settle=0").broken()).isEqualTo(broken);
    }

    @Test
    void a_saga_that_is_gone_and_left_its_history() throws Exception {
        change(Party.SAGA, "DELETE FROM saga WHERE order_id = ?", confirmed);

        assertBroken("settled", confirmed);
    }

    @Test
    void stock_that_a_confirmed_order_does_not_hold() throws Exception {
        change(
                Party.INVENTORY,
                "UPDATE reservation SET state = 'RELEASED', items = NULL, total = NULL, currency = NULL WHERE order_id = ?",
                confirmed);

        assertBroken("stock", confirmed, "product p1");
    }

    @Test
    void stock_that_a_cancelled_order_still_holds() throws Exception {
        change(Party.INVENTORY, """
                UPDATE reservation
                   SET state = 'HELD', total = 3000, currency = 'KRW',
                       items = '[{"productId": "p1", "qty": 3, "unitPrice": 1000}]'
                 WHERE order_id = ?
                """, cancelled);

        assertBroken("stock", cancelled, "product p1");
    }

    @Test
    void stock_other_than_what_was_ordered() throws Exception {
        change(Party.INVENTORY, """
                UPDATE reservation SET items = '[{"productId": "p1", "qty": 1, "unitPrice": 2000}]' WHERE order_id = ?
                """, confirmed);

        assertBroken("stock", confirmed, "product p1");
    }

    @Test
    void a_counter_that_is_not_what_is_held() throws Exception {
        change(Party.INVENTORY, "UPDATE product SET reserved = reserved + 1");

        assertBroken("stock", "product p1", "product p1");
    }

    @Test
    void stock_that_got_lost() throws Exception {
        change(Party.INVENTORY, "UPDATE product SET available = available - 1");
        world.relay();

        assertThat(world.audit().told())
                .containsExactly("available + reserved to be all that was ever put in, 100 | 97 + 2 = 99");
    }

    @Test
    void a_second_charge() throws Exception {
        change(Party.PAYMENT, "DROP INDEX ledger_entry_once");
        world.post(confirmed, "CHARGE", -2_000);

        assertBroken("money", confirmed, confirmed);
    }

    @Test
    void a_confirmed_order_that_was_refunded() throws Exception {
        change(Party.PAYMENT, "UPDATE payment SET status = 'REFUNDED' WHERE order_id = ?", confirmed);
        world.post(confirmed, "REFUND", 2_000);

        assertBroken("money", confirmed);
    }

    @Test
    void a_cancelled_order_whose_money_did_not_come_back() throws Exception {
        change(Party.PAYMENT, "ALTER TABLE ledger_entry DISABLE TRIGGER USER");
        change(Party.PAYMENT, "DELETE FROM ledger_entry WHERE order_id = ? AND kind = 'REFUND'", cancelled);
        change(Party.PAYMENT, "UPDATE account SET balance = balance - 3000 WHERE user_id = 'u1'");

        assertBroken("money", cancelled, cancelled);
    }

    @Test
    void an_amount_other_than_the_total() throws Exception {
        change(Party.ORDER, "UPDATE orders SET total_amount = 1999 WHERE order_id = ?::uuid", confirmed);
        world.relay();

        assertThat(world.audit().broken()).isEqualTo(Map.of("money", List.of(confirmed), "stock", List.of(confirmed)));
    }

    @Test
    void an_order_that_another_user_paid_for() throws Exception {
        change(Party.PAYMENT, "ALTER TABLE ledger_entry DISABLE TRIGGER USER");
        change(Party.PAYMENT, "UPDATE payment SET user_id = 'u2' WHERE order_id = ?", confirmed);
        change(Party.PAYMENT, "UPDATE deposit SET user_id = 'u2'");
        change(
                Party.PAYMENT,
                "UPDATE ledger_entry SET account = 'u2' WHERE account = 'u1' AND (order_id = ? OR kind = 'DEPOSIT')",
                confirmed);
        change(Party.PAYMENT, "UPDATE account SET balance = CASE user_id WHEN 'u2' THEN 998000 ELSE 0 END");

        assertBroken("money", confirmed);
    }

    @Test
    void a_balance_that_is_not_the_sum_of_its_entries() throws Exception {
        change(Party.PAYMENT, "UPDATE account SET balance = balance + 1 WHERE user_id = 'u2'");

        assertBroken("money", "account u2");
    }

    @Test
    void a_posting_that_does_not_sum_to_zero() throws Exception {
        change(Party.PAYMENT, "ALTER TABLE ledger_entry DISABLE TRIGGER USER");
        change(Party.PAYMENT, """
                INSERT INTO ledger_entry (posting, account, currency, amount, kind)
                VALUES ('01998d2e-7c52-7d0a-8f11-6c1b9e2a4d37', 'system:revenue', 'KRW', 5, 'DEPOSIT')
                """);

        assertBroken("money", "the ledger in KRW", "posting 01998d2e-7c52-7d0a-8f11-6c1b9e2a4d37");
    }

    @Test
    void a_deposit_that_was_not_booked() throws Exception {
        change(Party.PAYMENT, """
                INSERT INTO deposit (posting, user_id, amount, currency, opened, balance)
                VALUES ('01998d2e-7c52-7d0a-8f11-6c1b9e2a4d37', 'u2', 5, 'KRW', false, 5)
                """);

        assertBroken("money", "deposit 01998d2e-7c52-7d0a-8f11-6c1b9e2a4d37");
    }

    @Test
    void a_step_that_was_taken_twice() throws Exception {
        world.step(confirmed, "PaymentCharged", "CONFIRMING_ORDER");

        assertBroken("once", confirmed);
    }

    @Test
    void a_command_that_was_given_twice_unless_an_operator_asked_for_it() throws Exception {
        world.say(Party.SAGA, confirmed, "ChargePayment", "payment.commands");

        assertBroken("once", confirmed);

        world.step(confirmed, "StepRetried", "CHARGING_PAYMENT");
        assertThat(world.audit().told()).isEmpty();
    }

    @Test
    void a_command_that_was_given_twice_is_not_judged_once_the_saga_that_could_say_why_is_gone() throws Exception {
        world.say(Party.SAGA, confirmed, "ChargePayment", "payment.commands");
        world.forget(confirmed);
        world.relay();

        assertThat(world.audit().told()).isEmpty();
    }

    @Test
    void an_answer_to_nothing() throws Exception {
        world.say(Party.PAYMENT, confirmed, "PaymentCharged", "payment.updated");

        assertBroken("once", confirmed);
    }

    @Test
    void two_orders_of_one_idempotency_key() throws Exception {
        change(Party.ORDER, "DROP INDEX orders_idempotency_key");
        change(Party.ORDER, "UPDATE orders SET idempotency_key = 'k', request_hash = 'h'");

        assertBroken("once", "Idempotency-Key k");
    }

    private void change(Party party, String sql, Object... parameters) {
        world.databases.run(party, sql, parameters);
    }

    private void assertBroken(String check, String... ids) throws Exception {
        world.relay();

        Outcome outcome = world.audit();

        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.broken()).as(outcome.out()).isEqualTo(Map.of(check, List.of(ids)));
    }
}
