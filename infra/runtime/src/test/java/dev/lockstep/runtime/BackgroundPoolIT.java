package dev.lockstep.runtime;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.messaging.failure.TransactionTimeoutException;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import dev.lockstep.messaging.transaction.BoundedTransactions.Limits;
import dev.lockstep.testing.PostgresServer;
import dev.lockstep.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The transactions of consumers on the pool that services provide for background work. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@ExtendWith(VertxExtension.class)
class BackgroundPoolIT {
    private static final Limits SHORT = new Limits(Duration.ofSeconds(1), Duration.ofMillis(200));
    private static final Limits LONG = new Limits(Duration.ofSeconds(20), Duration.ofMillis(200));

    @RegisterExtension
    final TestDatabase database = new TestDatabase("background");

    private final AtomicInteger backend = new AtomicInteger();
    private Vertx vertx;
    private Pool pool;

    @BeforeEach
    void open(Vertx vertx) {
        this.vertx = vertx;
        PostgresConfig config = new PostgresConfig(
                database.server().host(),
                database.server().port(),
                database.name(),
                new PostgresLogin(PostgresServer.USER, new Secret(PostgresServer.PASSWORD)),
                PostgresTls.DISABLED,
                4,
                Duration.ofMinutes(10));
        pool = config.backgroundPool(vertx, "background-test");
        database.execute("CREATE TABLE house (name text)");
        database.execute("INSERT INTO house VALUES ('ann')");
    }

    @Test
    void hanging_work_and_a_sleeping_statement_leave_no_session_or_lock() {
        run(LONG, tx -> execute(tx, "SELECT"));

        assertThatThrownBy(() -> run(
                        SHORT,
                        tx -> lock(tx).compose(locked -> Promise.<Void>promise().future())))
                .isInstanceOf(TransactionTimeoutException.class);
        assertThatNothingIsLeft();

        run(LONG, tx -> execute(tx, "SELECT"));
        assertThatThrownBy(() -> run(
                        SHORT,
                        tx -> lock(tx).compose(locked -> execute(tx, "SET LOCAL statement_timeout = 0"))
                                .compose(set -> execute(tx, "SELECT pg_sleep(60)"))))
                .isInstanceOf(TransactionTimeoutException.class);
        assertThatNothingIsLeft();

        run(LONG, tx -> execute(tx, "INSERT INTO house VALUES ('bob')"));
    }

    private void run(Limits limits, Function<SqlConnection, Future<Void>> work) {
        BoundedTransactions transactions = new BoundedTransactions(vertx, pool);
        await(Future.<Void>future(outcome ->
                vertx.runOnContext(start -> transactions.run(limits, work).onComplete(outcome))));
    }

    private Future<Void> lock(SqlConnection tx) {
        backend.set(PgConnection.cast(tx).processId());
        return execute(tx, "SELECT FROM house WHERE name = 'ann' FOR UPDATE");
    }

    private static Future<Void> execute(SqlConnection tx, String sql) {
        return tx.query(sql).execute().mapEmpty();
    }

    private void assertThatNothingIsLeft() {
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(
                                database.strings("SELECT pid FROM pg_stat_activity WHERE pid = " + backend.get()))
                        .isEmpty());
        assertThat(database.strings("SELECT name FROM house WHERE name = 'ann' FOR UPDATE NOWAIT"))
                .containsExactly("ann");
    }
}
