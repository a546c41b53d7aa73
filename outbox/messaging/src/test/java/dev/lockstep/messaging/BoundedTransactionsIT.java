package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.failure.TransactionTimeoutException;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import dev.lockstep.messaging.transaction.BoundedTransactions.Limits;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Uses a pool of one connection, so that a connection that is not returned blocks the next transaction. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class BoundedTransactionsIT {
    private static final Limits SHORT = new Limits(Duration.ofSeconds(1), Duration.ofMillis(200));
    private static final Limits LONG = new Limits(Duration.ofSeconds(20), Duration.ofMillis(200));

    @RegisterExtension
    final Fixture fixture = new Fixture();

    private Pool single;
    private BoundedTransactions transactions;
    private final AtomicInteger backend = new AtomicInteger();

    @BeforeEach
    void open() {
        single = PgBuilder.pool()
                .connectingTo(fixture.connectOptions())
                .with(new PoolOptions().setMaxSize(1))
                .using(fixture.vertx)
                .build();
        transactions = new BoundedTransactions(fixture.vertx, single);
        fixture.strings("INSERT INTO greeted (key, name) VALUES ('a', 'ann') RETURNING id");
    }

    @AfterEach
    void close() {
        await(single.close());
    }

    @Test
    void work_that_succeeds_is_committed_and_work_that_fails_is_not() {
        run(LONG, tx -> insert(tx, "bob"));
        assertThatThrownBy(() -> run(
                        LONG,
                        tx -> insert(tx, "cid").compose(done -> Future.failedFuture(new IllegalStateException("no")))))
                .hasMessageContaining("no");
        assertThatThrownBy(() -> run(LONG, tx -> {
                    throw new IllegalStateException("thrown");
                }))
                .hasMessageContaining("thrown");

        assertThat(fixture.greeted()).containsExactly("ann", "bob");
    }

    @Test
    void work_that_never_completes_loses_its_locks_and_its_connection_and_can_never_commit() {
        Promise<Void> late = Promise.promise();

        assertThatThrownBy(() -> run(
                        SHORT,
                        tx -> lockAnn(tx).compose(locked -> insert(tx, "bob")).compose(inserted -> late.future())))
                .isInstanceOf(TransactionTimeoutException.class);

        awaitBackendTerminated();
        assertAnnIsUnlocked();
        late.complete();
        run(LONG, tx -> insert(tx, "cid"));
        assertThat(fixture.greeted()).containsExactly("ann", "cid");
    }

    @Test
    void work_that_continues_after_its_limit_writes_nothing() {
        Promise<Void> late = Promise.promise();
        Promise<Void> written = Promise.promise();
        assertThatThrownBy(() -> run(
                        SHORT,
                        tx -> late.future()
                                .compose(woken -> insert(tx, "bob"))
                                .onComplete(inserted -> written.complete())))
                .isInstanceOf(TransactionTimeoutException.class);

        late.complete();
        await(written.future());

        assertThat(fixture.greeted()).containsExactly("ann");
    }

    @Test
    void a_statement_that_sleeps_is_cancelled_by_the_server() {
        assertThatThrownBy(() -> run(SHORT, tx -> lockAnn(tx).compose(locked -> execute(tx, "SELECT pg_sleep(60)"))))
                .isInstanceOf(PgException.class)
                .hasMessageContaining("57014");

        assertAnnIsUnlocked();
    }

    @Test
    void a_statement_without_a_server_timeout_is_cancelled_with_its_connection() {
        assertThatThrownBy(() -> run(
                        SHORT,
                        tx -> lockAnn(tx)
                                .compose(locked -> execute(tx, "SET LOCAL statement_timeout = 0"))
                                .compose(set -> execute(tx, "SELECT pg_sleep(60)"))))
                .isInstanceOf(TransactionTimeoutException.class);

        awaitBackendTerminated();
        assertAnnIsUnlocked();
        run(LONG, tx -> insert(tx, "bob"));
    }

    @Test
    void a_transaction_whose_commit_is_not_answered_in_time_may_commit_nevertheless() {
        fixture.strings("""
                CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    PERFORM pg_sleep(2);
                    RETURN NULL;
                END $$;
                CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON greeted DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW EXECUTE FUNCTION sleep();
                """);

        assertThatThrownBy(() -> run(
                        SHORT,
                        tx -> execute(tx, "SET LOCAL statement_timeout = 0").compose(set -> insert(tx, "bob"))))
                .isInstanceOf(TransactionTimeoutException.class)
                .hasMessageContaining("it is unknown whether it was committed");

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "bob"));
    }

    @Test
    void a_lock_wait_is_bounded() {
        SqlConnection operator = await(fixture.pool.getConnection());
        await(operator.begin());
        await(execute(operator, "SELECT FROM greeted WHERE name = 'ann' FOR UPDATE"));

        assertThatThrownBy(() -> run(LONG, this::lockAnn)).hasMessageContaining("55P03");

        await(operator.close());
    }

    @Test
    void a_connection_with_a_session_bound_failure_is_not_returned_to_the_pool() {
        assertThatThrownBy(() -> run(
                        LONG,
                        tx -> lockAnn(tx)
                                .compose(locked -> execute(tx, "SET LOCAL transaction_read_only = on"))
                                .compose(set -> insert(tx, "bob"))))
                .hasMessageContaining("25006");

        awaitBackendTerminated();
        run(LONG, tx -> insert(tx, "cid"));
        assertThat(fixture.greeted()).containsExactly("ann", "cid");
    }

    @Test
    void no_transaction_begins_without_a_connection_in_time() {
        SqlConnection taken = await(single.getConnection());

        assertThatThrownBy(() -> run(SHORT, tx -> insert(tx, "bob"))).isInstanceOf(TimeoutException.class);

        await(taken.close());
        run(LONG, tx -> insert(tx, "cid"));
        assertThat(fixture.greeted()).containsExactly("ann", "cid");
    }

    private void run(Limits limits, Function<SqlConnection, Future<Void>> work) {
        await(Future.<Void>future(outcome -> fixture.vertx.runOnContext(
                start -> transactions.run(limits, work).onComplete(outcome))));
    }

    private Future<Void> lockAnn(SqlConnection tx) {
        return tx.query("SELECT pg_backend_pid() FROM greeted WHERE name = 'ann' FOR UPDATE")
                .execute()
                .map(rows -> {
                    backend.set(rows.iterator().next().getInteger(0));
                    return null;
                });
    }

    private static Future<Void> insert(SqlConnection tx, String name) {
        return execute(tx, "INSERT INTO greeted (key, name) VALUES ('k', '" + name + "')");
    }

    private static Future<Void> execute(SqlConnection tx, String sql) {
        return tx.query(sql).execute().mapEmpty();
    }

    private void awaitBackendTerminated() {
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(
                                fixture.strings("SELECT pid FROM pg_stat_activity WHERE pid = " + backend.get()))
                        .isEmpty());
    }

    private void assertAnnIsUnlocked() {
        assertThat(fixture.strings("SELECT name FROM greeted WHERE name = 'ann' FOR UPDATE NOWAIT"))
                .containsExactly("ann");
    }
}
