package dev.lockstep.launcher;

import dev.lockstep.messaging.MessagingSchema;
import dev.lockstep.runtime.PostgresConfig;
import dev.lockstep.runtime.PostgresDiagnosis;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.runtime.StartException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits until the database accepts connections, then migrates its schema. The other parts of a service start afterwards. */
final class PostgresStartup {
    private static final Logger LOGGER = LoggerFactory.getLogger(PostgresStartup.class);
    private static final Duration RETRY_INTERVAL = Duration.ofMillis(250);
    private static final int VALIDATION_TIMEOUT_SECONDS = 5;
    private static final Duration LOG_INTERVAL = Duration.ofSeconds(5);

    private final ServiceConfig config;
    private final DataSource database;

    PostgresStartup(ServiceConfig config) {
        this.config = config;
        this.database = config.postgres().dataSource();
    }

    /**
     * Returns once the database has accepted a connection and accepts writes. Waits without a time limit.
     *
     * @throws StartException if Postgres rejects the login, TLS with Postgres fails because of a setting, session_replication_role is
     *     replica, or the thread is interrupted
     */
    void await() {
        long loggedAt = System.nanoTime();
        while (true) {
            try (Connection connection = database.getConnection()) {
                if (connection.isValid(VALIDATION_TIMEOUT_SECONDS)) {
                    requireOriginRole(connection);
                    requireWritable(connection);
                    return;
                }
            } catch (SQLException e) {
                failIfRejected(e);
                if (System.nanoTime() - loggedAt >= LOG_INTERVAL.toNanos()) {
                    loggedAt = System.nanoTime();
                    LOGGER.atWarn()
                            .addKeyValue("service", config.service())
                            .addKeyValue("reason", e.getMessage())
                            .log("waiting for Postgres at " + config.postgres().address() + " (POSTGRES_URI)");
                }
            }
            pause();
        }
    }

    /**
     * Applies pending migrations: those of the library first, then those of the service, which are in a folder named after it. Several
     * instances may do so concurrently.
     */
    void migrate() {
        MessagingSchema.migrate(database);
        Flyway.configure()
                .dataSource(database)
                .locations("classpath:db/migration/" + config.name())
                // The library's tables exist already, so the schema is never empty.
                .baselineOnMigrate(true)
                .baselineVersion("0")
                .load()
                .migrate();
    }

    // Retrying does not help if a setting is wrong. A database that is still being set up fails in other ways.
    private void failIfRejected(SQLException failure) {
        PostgresConfig postgres = config.postgres();
        PostgresDiagnosis.of(failure, postgres, postgres.login()).ifPresent(reason -> {
            throw new StartException(reason, failure);
        });
    }

    // Only a superuser may set this for a session, so the service cannot correct it.
    private void requireOriginRole(Connection connection) throws SQLException {
        if ("replica".equals(setting(connection, "session_replication_role"))) {
            throw new StartException("session_replication_role is replica for POSTGRES_USER "
                    + config.postgres().user() + " at " + config.postgres().address()
                    + ", so triggers and foreign keys are not enforced: reset it with ALTER ROLE, ALTER DATABASE or"
                    + " ALTER SYSTEM ... RESET session_replication_role");
        }
    }

    // True for a standby, and for the old primary during a failover. Neither accepts migrations.
    private static void requireWritable(Connection connection) throws SQLException {
        if ("on".equals(setting(connection, "transaction_read_only"))) {
            throw new SQLException("the server or the session is read-only");
        }
    }

    private static String setting(Connection connection, String name) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW " + name)) {
            return row.next() ? row.getString(1) : "";
        }
    }

    private static void pause() {
        try {
            // The latch is never counted down. It serves as an interruptible wait.
            var _ = new CountDownLatch(1).await(RETRY_INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartException("interrupted while waiting for Postgres", e);
        }
    }
}
