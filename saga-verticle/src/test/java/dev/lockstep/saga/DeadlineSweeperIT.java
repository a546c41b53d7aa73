package dev.lockstep.saga;

import static dev.lockstep.saga.SagaDatabase.received;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.lockstep.contracts.Message;
import dev.lockstep.contracts.OrderCreated;
import dev.lockstep.contracts.OrderItem;
import dev.lockstep.saga.SagaDatabase.Sent;
import dev.lockstep.saga.domain.OrderId;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Transaction;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class DeadlineSweeperIT {
    private static final Duration SOON = Duration.ofMillis(20);
    private static final Duration NEVER = Duration.ofHours(1);
    private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    @RegisterExtension
    static final SagaDatabase database = new SagaDatabase();

    @Test
    void only_an_expired_deadline_aborts_the_order() {
        await(database.batch(created("late"), created("in-time")));
        database.passDeadline("late");
        SagaView inTime = database.saga("in-time");

        DeadlineSweeper sweeper = sweeping(SOON, SOON);

        await().until(() -> database.saga("late").state().equals("COMPENSATING"));
        await(sweeper.stop());
        assertThat(database.sentTypes("late")).containsExactly("ReserveStock", "ReleaseStock", "CancelOrder");
        assertThat(database.saga("late").progress().reason()).isEqualTo("TIMED_OUT");
        assertThat(database.secondsLeft("late")).isCloseTo(400, within(30.0));
        assertThat(database.saga("in-time")).isEqualTo(inTime);
    }

    @Test
    void messages_sent_on_a_deadline_continue_the_trace_of_the_order() {
        await(database.pool.withTransaction(
                tx -> database.processor.handle(tx, List.of(received(created("traced"), TRACE)))));
        database.passDeadline("traced");

        DeadlineSweeper sweeper = sweeping(SOON, SOON);

        await().until(() -> database.sent("traced").size() == 3);
        await(sweeper.stop());
        assertThat(database.sent("traced")).extracting(Sent::traceparent).containsOnly(TRACE);
    }

    @Test
    void an_unacknowledged_compensation_is_retried_and_counted() {
        await(database.batch(created("stuck")));
        DeadlineSweeper sweeper = sweeping(SOON, SOON);

        database.passDeadline("stuck");
        await().until(() -> database.saga("stuck").state().equals("COMPENSATING"));
        database.passDeadline("stuck");
        await().until(() -> database.saga("stuck").state().equals("RETRYING_COMPENSATION"));
        database.passDeadline("stuck");
        await().until(() ->
                Integer.valueOf(2).equals(database.saga("stuck").progress().attempts()));
        await(sweeper.stop());

        assertThat(database.sentTypes("stuck"))
                .containsExactly(
                        "ReserveStock",
                        "ReleaseStock",
                        "CancelOrder",
                        "ReleaseStock",
                        "CancelOrder",
                        "ReleaseStock",
                        "CancelOrder");
        assertThat(await(database.store.countActive(database.pool)).get(StateName.RETRYING_COMPENSATION))
                .extracting(SagaStore.Count::sagas)
                .isEqualTo(1L);
    }

    @Test
    void many_expired_deadlines_are_processed_without_pauses() {
        List<String> orders =
                IntStream.range(0, 1_200).mapToObj(i -> "crowd-" + i).toList();
        await(database.batch(orders.stream().map(DeadlineSweeperIT::created).toArray(Message[]::new)));
        passDeadlines("crowd-%");

        DeadlineSweeper sweeper = sweeping(NEVER, SOON);

        await().until(() -> reserving("crowd-%") == 0);
        await(sweeper.stop());
    }

    @Test
    void a_locked_saga_is_skipped() {
        await(database.batch(created("busy"), created("idle")));
        database.passDeadline("busy");
        database.passDeadline("idle");
        SqlConnection other = await(database.pool.getConnection());
        Transaction transaction = await(other.begin());
        await(database.store.lock(other, List.of(new OrderId("busy"))));

        DeadlineSweeper sweeper = sweeping(SOON, SOON);

        await().until(() -> database.saga("idle").state().equals("COMPENSATING"));
        assertThat(database.saga("busy").state()).isEqualTo("RESERVING_STOCK");
        await(transaction.rollback());
        await(other.close());
        await().until(() -> database.saga("busy").state().equals("COMPENSATING"));
        await(sweeper.stop());
    }

    @Test
    void several_sweepers_expire_each_deadline_once() {
        List<String> orders =
                IntStream.range(0, 600).mapToObj(i -> "shared-" + i).toList();
        await(database.batch(orders.stream().map(DeadlineSweeperIT::created).toArray(Message[]::new)));
        passDeadlines("shared-%");

        List<DeadlineSweeper> sweepers =
                IntStream.range(0, 3).mapToObj(i -> sweeping(SOON, SOON)).toList();

        await().until(() -> reserving("shared-%") == 0);
        sweepers.forEach(sweeper -> await(sweeper.stop()));
        assertThat(orders)
                .allSatisfy(order -> assertThat(database.history(order)).hasSize(2));
    }

    @Test
    void no_deadline_expires_during_the_grace_period() {
        await(database.batch(created("patient")));
        database.passDeadline("patient");

        DeadlineSweeper sweeper = sweeping(SOON, NEVER);

        await().during(Duration.ofMillis(500))
                .until(() -> database.saga("patient").state().equals("RESERVING_STOCK"));
        await(sweeper.stop());
    }

    @Test
    void sweeping_continues_after_a_failure_and_reports_it() {
        await(database.batch(created("survivor")));
        database.passDeadline("survivor");
        await(database.pool.query("ALTER TABLE saga RENAME TO gone").execute());
        DeadlineSweeper sweeper = sweeping(SOON, SOON);
        await().until(() -> sweeper.problem().isPresent());

        await(database.pool.query("ALTER TABLE gone RENAME TO saga").execute());

        await().until(() -> database.saga("survivor").state().equals("COMPENSATING"));
        await().until(() -> sweeper.problem().isEmpty());
        await(sweeper.stop());
    }

    @Test
    void an_unreadable_saga_is_postponed_and_the_others_proceed() {
        List<String> orders =
                IntStream.range(0, 40).mapToObj(i -> "beside-" + i).toList();
        await(database.batch(orders.stream().map(DeadlineSweeperIT::created).toArray(Message[]::new)));
        double faultyBefore = faulty();
        execute("UPDATE saga SET state = 'COMPENSATING', data = '{}' WHERE order_id = 'beside-17'");
        passDeadlines("beside-%");

        DeadlineSweeper sweeper = sweeping(SOON, SOON);

        await().until(() -> reserving("beside-%") == 0);
        await().until(() -> failures("beside-17") == 1);
        assertThat(sweeper.problem()).isEmpty();
        assertThat(orders.stream().filter(order -> !order.equals("beside-17")))
                .allSatisfy(order -> assertThat(database.saga(order).state()).isEqualTo("COMPENSATING"));
        assertThat(database.saga("beside-17").progress().failure())
                .contains("a saga in state COMPENSATING cannot be read");
        assertThat(database.sentTypes("beside-17")).containsExactly("ReserveStock");
        assertThat(faulty()).isEqualTo(faultyBefore + 1);

        // The handler works again.
        execute("UPDATE saga SET state = 'RESERVING_STOCK', data = '{\"userId\":\"u1\"}' WHERE order_id = 'beside-17'");
        database.passDeadline("beside-17");

        await().until(() -> database.saga("beside-17").state().equals("COMPENSATING"));
        await(sweeper.stop());
        assertThat(database.saga("beside-17").progress().failure()).isNull();
        assertThat(failures("beside-17")).isZero();
    }

    @Test
    void a_failing_saga_is_retried_with_backoff_and_the_others_proceed() {
        await(database.batch(created("refused"), created("accepted")));
        execute("""
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'no more of this'; END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON saga_history
                   FOR EACH ROW WHEN (NEW.order_id = 'refused') EXECUTE FUNCTION refuse();
                """);
        database.passDeadline("refused");
        database.passDeadline("accepted");

        DeadlineSweeper sweeper = sweeping(SOON, SOON);
        await().until(() -> failures("refused") == 1);
        await().until(() -> database.saga("accepted").state().equals("COMPENSATING"));
        IntStream.rangeClosed(2, 6).forEach(times -> {
            database.passDeadline("refused");
            await().until(() -> failures("refused") == times);
        });

        assertThat(database.secondsLeft("refused")).isCloseTo(32, within(10.0));
        assertThat(database.saga("refused").progress().failure()).contains("no more of this");
        assertThat(database.saga("refused").state()).isEqualTo("RESERVING_STOCK");
        assertThat(database.sentTypes("refused")).containsExactly("ReserveStock");
        await(sweeper.stop());
        execute("DROP TRIGGER refuse ON saga_history");
    }

    private static int failures(String order) {
        return await(database.pool
                .preparedQuery("SELECT failures FROM saga WHERE order_id = $1")
                .execute(Tuple.of(order))
                .map(rows -> rows.iterator().next().getInteger("failures")));
    }

    private static void execute(String sql) {
        await(database.pool.query(sql).execute());
    }

    private DeadlineSweeper sweeping(Duration interval, Duration grace) {
        DeadlineSweeper sweeper =
                new DeadlineSweeper(database.vertx, database.pool, database.store, database.processor, interval);
        sweeper.start(grace);
        return sweeper;
    }

    private static void passDeadlines(String like) {
        await(database.pool
                .preparedQuery("UPDATE saga SET deadline = now() WHERE order_id LIKE $1")
                .execute(Tuple.of(like)));
    }

    private static long reserving(String like) {
        return await(database.pool
                .preparedQuery("SELECT count(*) AS n FROM saga WHERE order_id LIKE $1 AND state = 'RESERVING_STOCK'")
                .execute(Tuple.of(like))
                .map(rows -> rows.iterator().next().getLong("n")));
    }

    private static OrderCreated created(String order) {
        return new OrderCreated(order, "u1", List.of(new OrderItem("p1", 2)));
    }

    private static double faulty() {
        await(database.activeSagas.refresh());
        return database.meters.get("lockstep.saga.faulty").gauge().value();
    }
}
