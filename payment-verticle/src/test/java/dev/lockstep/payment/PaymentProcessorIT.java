package dev.lockstep.payment;

import static dev.lockstep.payment.PaymentDatabase.charge;
import static dev.lockstep.payment.PaymentDatabase.refund;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.contracts.ChargePayment;
import dev.lockstep.contracts.Money;
import dev.lockstep.contracts.PaymentCommand;
import dev.lockstep.contracts.Topics;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.payment.domain.OrderId;
import dev.lockstep.payment.domain.Payment.Charged;
import dev.lockstep.payment.domain.Payment.Refunded;
import dev.lockstep.payment.domain.UserId;
import io.vertx.core.Future;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Transaction;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PaymentProcessorIT {
    @RegisterExtension
    final PaymentDatabase database = new PaymentDatabase();

    @Test
    void a_repeated_charge_moves_money_once_and_is_answered_every_time() {
        database.deposit("once", 1_000);

        await(database.handle(List.of(charge("once-1", "once", 300), charge("once-1", "once", 300))));
        await(database.handle(List.of(charge("once-1", "once", 300))));

        assertThat(database.balance("once")).isEqualTo(700);
        assertThat(payment("once-1"))
                .isEqualTo(new Charged(
                        new OrderId("once-1"),
                        new UserId("once"),
                        new dev.lockstep.payment.domain.Money(300, PaymentDatabase.CURRENCY)));
        assertThat(ledgerOf("once-1")).containsExactly("CHARGE once -300", "CHARGE system:revenue 300");
        assertThat(answers("once-1"))
                .hasSize(3)
                .containsOnly("payment payment.updated " + PaymentDatabase.TRACE + " PaymentCharged "
                        + "{\"orderId\":\"once-1\",\"amount\":{\"amount\":300,\"currency\":\"KRW\"}}");
    }

    @Test
    void only_payments_with_a_locked_account_or_payment_row_are_blocked() {
        database.deposit("locked", 1_000);
        database.deposit("free", 1_000);
        await(database.handle(List.of(
                charge("lock-old", "locked", 1), charge("lock-free", "free", 1), charge("lock-row", "free", 1))));
        SqlConnection operator = await(database.pool.getConnection());
        await(operator.begin());
        await(operator.query("SELECT FROM account WHERE user_id = 'locked' FOR UPDATE")
                .execute());
        await(operator.query("SELECT FROM payment WHERE order_id = 'lock-row' FOR UPDATE")
                .execute());
        List<ReceivedMessage<PaymentCommand>> messages = List.of(
                charge("lock-new", "locked", 1),
                refund("lock-old"),
                refund("lock-free"),
                refund("lock-row"),
                refund("lock-unseen"),
                charge("lock-other", "free", 1),
                charge("lock-unknown", "unknown", 1));

        Set<UUID> lockedOut =
                await(database.pool.withTransaction(tx -> database.processor.blockedMessages(tx, messages)));
        await(operator.close());

        assertThat(messages.stream()
                        .filter(each -> lockedOut.contains(each.messageId()))
                        .map(each -> each.message().orderId()))
                .containsExactlyInAnyOrder("lock-new", "lock-old", "lock-row");
    }

    @Test
    void each_decline_reason_is_answered_and_moves_no_money() {
        database.deposit("decline", 1_000);
        ReceivedMessage<PaymentCommand> dollars = new ReceivedMessage<>(
                new ChargePayment("decline-usd", "decline", new Money(1, "USD")),
                UUID.randomUUID(),
                Topics.PAYMENT_COMMANDS,
                0,
                0,
                null,
                null);

        await(database.handle(List.of(
                charge("decline-1001", "decline", 1_001), charge("decline-unknown", "decline-unknown", 1), dollars)));

        assertThat(answers("decline-1001")).singleElement().asString().contains("INSUFFICIENT_FUNDS");
        assertThat(answers("decline-unknown")).singleElement().asString().contains("UNKNOWN_ACCOUNT");
        assertThat(answers("decline-usd")).singleElement().asString().contains("CURRENCY_MISMATCH");
        assertThat(database.balance("decline")).isEqualTo(1_000);
        assertThat(database.number("SELECT count(*) FROM ledger_entry WHERE order_id LIKE 'decline-%'"))
                .isZero();
    }

    @Test
    void one_batch_spends_a_balance_in_order_without_overdraft() {
        database.deposit("order", 1_000);

        await(database.handle(List.of(
                charge("order-1", "order", 600),
                charge("order-2", "order", 600),
                refund("order-1"),
                charge("order-3", "order", 900))));

        assertThat(answers("order-1")).hasSize(2).last().asString().contains("PaymentRefunded");
        assertThat(answers("order-2")).singleElement().asString().contains("PaymentDeclined");
        assertThat(answers("order-3")).singleElement().asString().contains("PaymentCharged");
        assertThat(database.balance("order")).isEqualTo(100);
    }

    @Test
    void a_refund_in_a_later_batch_gives_the_money_back_once() {
        database.deposit("back", 1_000);
        await(database.handle(List.of(charge("back-1", "back", 400))));

        await(database.handle(List.of(refund("back-1"), refund("back-1"))));
        await(database.handle(List.of(refund("back-1"), charge("back-1", "back", 400))));

        assertThat(database.balance("back")).isEqualTo(1_000);
        assertThat(ledgerOf("back-1"))
                .containsExactly(
                        "CHARGE back -400",
                        "CHARGE system:revenue 400",
                        "REFUND system:revenue -400",
                        "REFUND back 400");
        assertThat(answers("back-1")).hasSize(5);
        assertThat(answers("back-1").subList(1, 5)).allMatch(answer -> answer.contains("PaymentRefunded"));
    }

    @Test
    void a_charge_after_its_refund_moves_no_money() {
        database.deposit("late", 1_000);
        await(database.handle(List.of(refund("late-1"))));

        await(database.handle(List.of(charge("late-1", "late", 400))));

        assertThat(database.balance("late")).isEqualTo(1_000);
        assertThat(payment("late-1")).isEqualTo(new Refunded(new OrderId("late-1"), null, null));
        assertThat(answers("late-1")).hasSize(2).allMatch(answer -> answer.contains("PaymentRefunded"));
    }

    @Test
    void all_orders_of_a_batch_on_one_account_update_it_once() {
        database.deposit("hot", 1_000_000);
        List<ReceivedMessage<PaymentCommand>> batch = IntStream.range(0, 500)
                .mapToObj(i -> charge("hot-" + i, "hot", 2))
                .toList();
        await(database.pool.query("""
                        CREATE TABLE hot_writes (balance bigint);
                        CREATE FUNCTION count_hot() RETURNS trigger LANGUAGE plpgsql AS
                            'BEGIN INSERT INTO hot_writes VALUES (NEW.balance); RETURN NULL; END';
                        CREATE TRIGGER count_hot AFTER UPDATE ON account
                            FOR EACH ROW WHEN (NEW.user_id = 'hot') EXECUTE FUNCTION count_hot();
                        """).execute());

        await(database.handle(batch));

        assertThat(database.texts("SELECT balance::text FROM hot_writes")).containsExactly("999000");
        assertThat(database.number("SELECT count(*) FROM ledger_entry WHERE account = 'hot' AND kind = 'CHARGE'"))
                .isEqualTo(500);
    }

    static IntStream rounds() {
        return new Random().ints(4, 0, Integer.MAX_VALUE);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("rounds")
    void concurrent_batches_and_deposits_on_the_same_accounts_neither_deadlock_nor_overdraw(int seed) {
        Random random = new Random(seed);
        List<String> users =
                IntStream.range(0, 6).mapToObj(i -> "race" + seed + "-" + i).toList();
        users.forEach(user -> database.deposit(user, 5_000));
        List<List<List<ReceivedMessage<PaymentCommand>>>> partitions = IntStream.range(0, 6)
                .mapToObj(partition -> IntStream.range(0, 4)
                        .mapToObj(batch -> randomBatch(random, "race" + seed + "-o" + partition, users))
                        .toList())
                .toList();

        List<Future<?>> running = new ArrayList<>();
        partitions.forEach(partition -> running.add(inOrder(partition)));
        users.forEach(user -> running.add(database.deposits.deposit(
                new UserId(user), new dev.lockstep.payment.domain.Money(10, PaymentDatabase.CURRENCY), null)));
        await(Future.join(running));

        assertThat(users)
                .allSatisfy(user -> assertThat(database.balance(user))
                        .isNotNegative()
                        .isEqualTo(database.number(
                                "SELECT sum(amount)::bigint FROM ledger_entry WHERE account = '" + user + "'")));
        assertThat(database.number("SELECT count(*) FROM (SELECT FROM ledger_entry GROUP BY posting"
                        + " HAVING sum(amount) <> 0 OR count(*) <> 2) AS wrong"))
                .isZero();
        assertThat(await(database.audit.summary(database.pool))).allMatch(LedgerAudit.CurrencySummary::balanced);
    }

    // Like a consumer: the next batch of a partition starts after the previous one has committed.
    private Future<Void> inOrder(List<List<ReceivedMessage<PaymentCommand>>> batches) {
        Future<Void> done = Future.succeededFuture();
        for (List<ReceivedMessage<PaymentCommand>> batch : batches) {
            done = done.compose(before -> database.handle(batch));
        }
        return done;
    }

    private static List<ReceivedMessage<PaymentCommand>> randomBatch(Random random, String orders, List<String> users) {
        return IntStream.range(0, 60)
                .mapToObj(i -> {
                    String order = orders + "-" + random.nextInt(40);
                    return random.nextInt(4) == 0
                            ? refund(order)
                            : charge(order, users.get(random.nextInt(users.size())), random.nextInt(400));
                })
                .toList();
    }

    @Test
    void a_consumer_that_loses_a_race_on_an_order_decides_again() {
        database.deposit("meet", 1_000);
        SqlConnection zombie = await(database.pool.getConnection());
        Transaction transaction = await(zombie.begin());
        await(database.processor.handle(zombie, List.of(charge("meet-1", "meet-other", 400))));

        Future<Void> meanwhile = database.handle(List.of(charge("meet-1", "meet", 400)));
        Awaitility.await().until(() -> database.number("SELECT count(*) FROM pg_locks WHERE NOT granted") == 1);
        await(transaction.commit());

        assertThatThrownBy(() -> await(meanwhile))
                .isInstanceOfSatisfying(
                        PgException.class,
                        violation -> assertThat(violation.getSqlState()).isEqualTo("23505"));
        await(database.handle(List.of(charge("meet-1", "meet", 400))));
        await(zombie.close());
        assertThat(database.balance("meet")).isEqualTo(1_000);
        assertThat(answers("meet-1")).hasSize(2).allMatch(answer -> answer.contains("PaymentDeclined"));
    }

    private Object payment(String orderId) {
        return await(database.payments.find(database.pool, new OrderId(orderId)))
                .orElseThrow();
    }

    private List<String> ledgerOf(String orderId) {
        return database.texts("SELECT kind || ' ' || account || ' ' || amount FROM ledger_entry WHERE order_id = '"
                + orderId + "' ORDER BY seq");
    }

    private List<String> answers(String orderId) {
        return database.texts(
                "SELECT concat_ws(' ', aggregatetype, topic, traceparent, type, convert_from(payload, 'UTF8'))"
                        + " FROM outbox WHERE aggregateid = '" + orderId + "' ORDER BY id");
    }
}
