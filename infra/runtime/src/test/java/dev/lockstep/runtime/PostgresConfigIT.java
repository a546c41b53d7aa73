package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.embedded.TestServers;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.net.URI;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class PostgresConfigIT {
    private static final String TIMEOUTS =
            "SELECT current_setting('idle_in_transaction_session_timeout') || ' ' || current_setting('lock_timeout')";

    private final String database = TestServers.newDatabase("timeouts");
    private final URI uri = URI.create(TestServers.postgres().uri(database));
    private final PostgresConfig config = new PostgresConfig(
            uri.getHost(), uri.getPort(), database, "lockstep", new Secret("lockstep"), 1, Duration.ofMinutes(10));

    @Test
    void pool_sessions_have_lock_and_transaction_timeouts()
            throws ExecutionException, InterruptedException, TimeoutException {
        Vertx vertx = Vertx.vertx();
        Pool pool = config.pool(vertx, "timeouts");
        try {
            String timeouts = await(pool.query(TIMEOUTS)
                    .execute()
                    .map(rows -> rows.iterator().next().getString(0)));

            assertThat(timeouts).isEqualTo("30s 45s");
        } finally {
            await(pool.close());
            await(vertx.close());
        }
    }

    @Test
    void migrations_have_no_timeouts() throws SQLException {
        try (Connection connection = config.dataSource().getConnection();
                ResultSet timeouts = connection.createStatement().executeQuery(TIMEOUTS)) {
            assertThat(timeouts.next()).isTrue();
            assertThat(timeouts.getString(1)).isEqualTo("0 0");
        }
    }

    private static <T> T await(Future<T> future) throws ExecutionException, InterruptedException, TimeoutException {
        return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }
}
