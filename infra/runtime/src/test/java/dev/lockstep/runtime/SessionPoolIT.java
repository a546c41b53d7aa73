package dev.lockstep.runtime;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.embedded.TcpProxy;
import dev.lockstep.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
@ExtendWith(VertxExtension.class)
class SessionPoolIT {
    private static final int SIZE = 4;
    private static final SessionPool.Limits DEFAULT_LIMITS =
            new SessionPool.Limits(Duration.ofMinutes(10), Duration.ofMinutes(2), Duration.ofSeconds(10));

    @RegisterExtension
    final TestDatabase database = new TestDatabase("sessions");

    private final TcpProxy network =
            TcpProxy.to(database.server().host(), database.server().port());
    private Vertx vertx;

    @BeforeEach
    void open(Vertx vertx) {
        this.vertx = vertx;
    }

    @AfterEach
    void close() {
        network.close();
    }

    @Test
    void read_only_sessions_are_closed_soon_after_the_database_is_writable_again() {
        database.execute("CREATE TABLE written (id int)");
        setReadOnly("on");
        Pool pool = pool(DEFAULT_LIMITS);
        await(all(pool, "SELECT pg_sleep(0.2)"));
        assertThat(pool.size()).isEqualTo(SIZE);
        assertThatThrownBy(() -> await(write(pool))).hasMessageContaining("read-only transaction");
        setReadOnly("off");

        // The first statements may fail: very young sessions are not retired.
        Awaitility.await().atMost(Duration.ofSeconds(4)).ignoreExceptions().until(() -> {
            await(all(pool, "INSERT INTO written VALUES (1)"));
            return true;
        });
        for (int i = 0; i < 20; i++) {
            await(all(pool, "INSERT INTO written VALUES (1)"));
        }
    }

    @Test
    void a_read_only_database_does_not_open_a_session_per_statement() {
        database.execute("CREATE TABLE written (id int)");
        setReadOnly("on");
        Pool pool = pool(DEFAULT_LIMITS);
        Set<Integer> sessions = new HashSet<>();
        long begun = System.nanoTime();
        for (int i = 0; i < 300; i++) {
            await(pool.withConnection(connection -> {
                sessions.add(((PgConnection) connection).processId());
                return connection
                        .query("INSERT INTO written VALUES (1)")
                        .execute()
                        .otherwiseEmpty();
            }));
        }

        long seconds = 1 + Duration.ofNanos(System.nanoTime() - begun).toSeconds();
        assertThat(sessions).hasSizeLessThanOrEqualTo(Math.toIntExact(SIZE * seconds));
    }

    @Test
    void a_concurrent_schema_change_fails_one_statement_and_not_one_per_session() {
        database.execute("CREATE TABLE changed (id int)");
        Pool pool = pool(DEFAULT_LIMITS);
        prepared(pool);
        database.execute("ALTER TABLE changed ADD COLUMN more text");

        assertThatThrownBy(() -> await(pool.preparedQuery("SELECT * FROM changed WHERE id = $1")
                        .execute(Tuple.of(1))))
                .hasMessageContaining("0A000");
        // The next run of the pool's cleaner closes idle sessions.
        Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> pool.size() == 0);
        prepared(pool);
    }

    @Test
    void a_session_that_failed_in_a_transaction_is_closed_once_it_is_rolled_back() {
        database.execute("CREATE TABLE written (id int)");
        Pool pool = pool(DEFAULT_LIMITS);
        int first = await(pool.withTransaction(tx -> Future.succeededFuture(((PgConnection) tx).processId())));
        assertThatThrownBy(() -> await(pool.withTransaction(tx -> tx.query("INSERT INTO written VALUES (1)")
                        .execute()
                        .compose(done -> tx.query("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '0A000'; END $$")
                                .execute()))))
                .hasMessageContaining("0A000");

        int second = await(pool.withTransaction(
                tx -> tx.query("INSERT INTO written VALUES (1)").execute().map(((PgConnection) tx).processId())));
        assertThat(second).isNotEqualTo(first);
        assertThat(await(pool.query("SELECT count(*) FROM written").execute())
                        .iterator()
                        .next()
                        .getLong(0))
                .isEqualTo(1);
    }

    @Test
    void busy_sessions_are_closed_after_their_maximum_lifetime() {
        Pool pool = pool(new SessionPool.Limits(Duration.ofSeconds(1), Duration.ofMinutes(2), Duration.ofSeconds(10)));
        Set<Integer> sessions = new HashSet<>();
        long end = System.nanoTime() + Duration.ofSeconds(4).toNanos();
        while (System.nanoTime() < end) {
            await(Future.all(IntStream.range(0, 3 * SIZE)
                    .mapToObj(i -> pool.withConnection(connection -> connection
                            .query("SELECT pg_backend_pid()")
                            .execute()
                            .onSuccess(
                                    rows -> sessions.add(rows.iterator().next().getInteger(0)))))
                    .toList()));
        }
        assertThat(sessions).hasSizeGreaterThanOrEqualTo(2 * SIZE);
    }

    @Test
    void an_unresponsive_server_loses_its_connection_and_frees_the_pool_slot() {
        Pool pool = pool(new SessionPool.Limits(Duration.ofMinutes(10), Duration.ofSeconds(2), Duration.ofSeconds(3)));
        await(all(pool, "SELECT 1"));
        network.freeze();

        long begun = System.nanoTime();
        assertThatThrownBy(() -> await(pool.query("SELECT 1").execute())).isNotInstanceOf(AssertionError.class);
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(8));
        // Connections opened in the meantime must not occupy the pool either.
        List<Future<?>> stuck = IntStream.range(0, 2 * SIZE)
                .<Future<?>>mapToObj(i -> pool.query("SELECT 1").execute())
                .toList();
        await(Future.join(stuck).otherwiseEmpty());

        network.heal();
        Awaitility.await().atMost(Duration.ofSeconds(10)).ignoreExceptions().until(() -> {
            await(all(pool, "SELECT 1"));
            return true;
        });
    }

    @Test
    void a_connection_that_opens_after_its_limit_is_closed() {
        Pool pool = pool(new SessionPool.Limits(Duration.ofMinutes(10), Duration.ofMinutes(2), Duration.ofMillis(500)));
        network.delay(Duration.ofSeconds(1));

        assertThatThrownBy(() -> await(pool.query("SELECT 1").execute())).isNotInstanceOf(AssertionError.class);

        assertThat(network.connections()).isEqualTo(1);
        Awaitility.await().atMost(Duration.ofSeconds(15)).until(() -> network.connections() == 0);
        network.heal();
        await(all(pool, "SELECT 1"));
    }

    @Test
    void a_server_that_never_answers_loses_its_connection() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            Pool pool = pool(
                    silent.getLocalPort(),
                    new SessionPool.Limits(Duration.ofMinutes(10), Duration.ofMinutes(2), Duration.ofMillis(500)));

            assertThatThrownBy(() -> await(pool.query("SELECT 1").execute())).isNotInstanceOf(AssertionError.class);

            try (Socket accepted = silent.accept()) {
                accepted.setSoTimeout(15_000);
                // The startup message, and then the end of the connection.
                assertThat(accepted.getInputStream().readAllBytes()).isNotEmpty();
            }
        }
    }

    @Test
    void a_long_statement_does_not_count_as_unresponsive_and_can_be_cancelled() {
        Pool pool =
                pool(new SessionPool.Limits(Duration.ofMinutes(10), Duration.ofSeconds(30), Duration.ofSeconds(10)));
        SqlConnection connection = await(pool.getConnection());
        Future<?> sleeping = connection.query("SELECT pg_sleep(20)").execute();
        // A request that arrives before the statement cancels nothing.
        Awaitility.await()
                .until(
                        () -> database.strings("SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query ="
                                + " 'SELECT pg_sleep(20)'"),
                        active -> !active.isEmpty());
        await(((PgConnection) connection).cancelRequest());

        assertThatThrownBy(() -> await(sleeping)).hasMessageContaining("57014");
        await(connection.query("SELECT 1").execute());
        await(connection.close());
    }

    private Pool pool(SessionPool.Limits limits) {
        return pool(network.port(), limits);
    }

    private Pool pool(int port, SessionPool.Limits limits) {
        PostgresConfig config = new PostgresConfig(
                "127.0.0.1",
                port,
                database.name(),
                new PostgresLogin("lockstep", new Secret("lockstep")),
                PostgresTls.DISABLED,
                SIZE,
                Duration.ofMinutes(10));
        return config.pool(vertx, "sessions", SIZE, limits);
    }

    private Future<?> write(Pool pool) {
        return pool.query("INSERT INTO written VALUES (1)").execute();
    }

    // Runs the statement on all connections of the pool at the same time.
    private static Future<?> all(Pool pool, String sql) {
        return Future.all(IntStream.range(0, SIZE)
                .mapToObj(i -> pool.withTransaction(tx -> tx.query(sql)
                        .execute()
                        .compose(done -> tx.query("SELECT pg_sleep(0.02)").execute())))
                .toList());
    }

    private static void prepared(Pool pool) {
        await(Future.all(IntStream.range(0, SIZE)
                .mapToObj(i -> pool.withConnection(connection -> connection
                        .preparedQuery("SELECT * FROM changed WHERE id = $1")
                        .execute(Tuple.of(1))
                        .compose(
                                done -> connection.query("SELECT pg_sleep(0.1)").execute())))
                .toList()));
    }

    // From another database, because a read-only session of this one could not undo the setting.
    private void setReadOnly(String to) {
        database.server().execute("ALTER DATABASE " + database.name() + " SET default_transaction_read_only = " + to);
    }
}
