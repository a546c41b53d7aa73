package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.embedded.TestServers;
import dev.lockstep.messaging.failure.TransactionTimeoutException;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import dev.lockstep.messaging.transaction.BoundedTransactions.Limits;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** The transactions of consumers on the pool that services provide for background work. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class BackgroundPoolIT {
    private static final Limits SHORT = new Limits(Duration.ofSeconds(1), Duration.ofMillis(200));
    private static final Limits LONG = new Limits(Duration.ofSeconds(20), Duration.ofMillis(200));

    private final Vertx vertx = Vertx.vertx();
    private final AtomicInteger backend = new AtomicInteger();
    private String database;
    private Pool pool;

    @BeforeEach
    void open() throws SQLException {
        database = TestServers.newDatabase("background");
        PostgresConfig config = new PostgresConfig(
                "127.0.0.1",
                TestServers.postgres().port(),
                database,
                LocalPostgres.USER,
                new Secret(LocalPostgres.PASSWORD),
                4,
                Duration.ofMinutes(10));
        pool = config.backgroundPool(vertx, "background-test");
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE house (name text)");
            statement.execute("INSERT INTO house VALUES ('ann')");
        }
    }

    @AfterEach
    void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    @Test
    void hanging_work_and_a_sleeping_statement_leave_no_session_or_lock() throws SQLException {
        run(LONG, tx -> execute(tx, "SELECT"));

        assertThatThrownBy(() -> run(
                        SHORT,
                        tx -> lock(tx).compose(locked -> Promise.<Void>promise().future())))
                .hasRootCauseInstanceOf(TransactionTimeoutException.class);
        assertThatNothingIsLeft();

        run(LONG, tx -> execute(tx, "SELECT"));
        assertThatThrownBy(() -> run(
                        SHORT,
                        tx -> lock(tx).compose(locked -> execute(tx, "SET LOCAL statement_timeout = 0"))
                                .compose(set -> execute(tx, "SELECT pg_sleep(60)"))))
                .hasRootCauseInstanceOf(TransactionTimeoutException.class);
        assertThatNothingIsLeft();

        run(LONG, tx -> execute(tx, "INSERT INTO house VALUES ('bob')"));
    }

    private void run(Limits limits, Function<SqlConnection, Future<Void>> work) {
        BoundedTransactions transactions = new BoundedTransactions(vertx, pool);
        try {
            Future.<Void>future(outcome -> vertx.runOnContext(
                            start -> transactions.run(limits, work).onComplete(outcome)))
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(30, TimeUnit.SECONDS);
        } catch (InterruptedException
                | java.util.concurrent.ExecutionException
                | java.util.concurrent.TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    private Future<Void> lock(SqlConnection tx) {
        backend.set(PgConnection.cast(tx).processId());
        return execute(tx, "SELECT FROM house WHERE name = 'ann' FOR UPDATE");
    }

    private static Future<Void> execute(SqlConnection tx, String sql) {
        return tx.query(sql).execute().mapEmpty();
    }

    private void assertThatNothingIsLeft() throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> {
                try (ResultSet rows =
                        statement.executeQuery("SELECT pid FROM pg_stat_activity WHERE pid = " + backend.get())) {
                    return !rows.next();
                }
            });
            assertThat(statement.execute("SELECT FROM house WHERE name = 'ann' FOR UPDATE NOWAIT"))
                    .isTrue();
        }
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection(TestServers.postgres().jdbcUrl(database));
    }
}
