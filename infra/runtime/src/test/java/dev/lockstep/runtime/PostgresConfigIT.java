package dev.lockstep.runtime;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.PostgresServer;
import dev.lockstep.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
@ExtendWith(VertxExtension.class)
class PostgresConfigIT {
    private static final String TIMEOUTS =
            "SELECT current_setting('idle_in_transaction_session_timeout') || ' ' || current_setting('lock_timeout')";

    @RegisterExtension
    final TestDatabase database = new TestDatabase("timeouts");

    private final PostgresConfig config = new PostgresConfig(
            database.server().host(),
            database.server().port(),
            database.name(),
            new PostgresLogin(PostgresServer.USER, new Secret(PostgresServer.PASSWORD)),
            PostgresTls.DISABLED,
            1,
            Duration.ofMinutes(10));

    @Test
    void pool_sessions_have_lock_and_transaction_timeouts(Vertx vertx) {
        String timeouts = await(config.pool(vertx, "timeouts")
                .query(TIMEOUTS)
                .execute()
                .map(rows -> rows.iterator().next().getString(0)));

        assertThat(timeouts).isEqualTo("30s 45s");
    }

    @Test
    void migrations_have_no_timeouts() throws SQLException {
        try (Connection connection = config.dataSource().getConnection();
                ResultSet timeouts = connection.createStatement().executeQuery(TIMEOUTS)) {
            assertThat(timeouts.next()).isTrue();
            assertThat(timeouts.getString(1)).isEqualTo("0 0");
        }
    }
}
