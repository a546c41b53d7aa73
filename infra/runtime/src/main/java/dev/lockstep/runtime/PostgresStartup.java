package dev.lockstep.runtime;

import dev.lockstep.messaging.MessagingSchema;
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

/** Waits until the database answers and brings its schema up to date. Nothing else of a service starts before that. */
final class PostgresStartup {
    private static final Logger LOGGER = LoggerFactory.getLogger(PostgresStartup.class);
    private static final Duration RETRY_INTERVAL = Duration.ofMillis(250);
    private static final int VALIDATION_TIMEOUT_SECONDS = 5;
    private static final Duration LOG_INTERVAL = Duration.ofSeconds(5);
    // https://www.postgresql.org/docs/18/errcodes-appendix.html: class 28, invalid authorization.
    private static final String INVALID_AUTHORIZATION_CLASS = "28";
    private static final String READ_ONLY = "25006";

    private final ServiceConfig config;
    private final DataSource database;

    PostgresStartup(ServiceConfig config) {
        this.config = config;
        this.database = config.postgres().dataSource();
    }

    /** Returns when the database has accepted a connection, however long that takes. */
    void await() {
        long toldAt = System.nanoTime();
        while (true) {
            try (Connection connection = database.getConnection()) {
                if (connection.isValid(VALIDATION_TIMEOUT_SECONDS)) {
                    requireOriginRole(connection);
                    requireWritable(connection);
                    return;
                }
            } catch (SQLException e) {
                failOnRejectedLogin(e);
                if (System.nanoTime() - toldAt >= LOG_INTERVAL.toNanos()) {
                    toldAt = System.nanoTime();
                    LOGGER.atWarn()
                            .addKeyValue("service", config.service())
                            .addKeyValue("reason", e.getMessage())
                            .log("waiting for Postgres at " + config.postgres().address() + " (POSTGRES_URI)");
                }
            }
            pause();
        }
    }

    /** Applies what is new of the library's migrations and then of the service's. Several instances may do so at once. */
    void migrate() {
        MessagingSchema.migrate(database);
        Flyway.configure()
                .dataSource(database)
                .locations("classpath:" + config.migrations())
                // The library's tables are there already, so the schema is never empty.
                .baselineOnMigrate(true)
                .baselineVersion("0")
                .load()
                .migrate();
    }

    // A wrong password does not become right by waiting; a database that is still being set up is not there at all.
    private void failOnRejectedLogin(SQLException failure) {
        String state = failure.getSQLState();
        if (state != null && state.startsWith(INVALID_AUTHORIZATION_CLASS)) {
            throw new StartException(
                    "Postgres at " + config.postgres().address() + " does not let in POSTGRES_USER "
                            + config.postgres().user() + " with this POSTGRES_PASSWORD: " + failure.getMessage(),
                    failure);
        }
    }

    // Nobody but a superuser may set it for a session, so it cannot be put right from here.
    private void requireOriginRole(Connection connection) throws SQLException {
        if ("replica".equals(setting(connection, "session_replication_role"))) {
            throw new StartException("session_replication_role is replica for POSTGRES_USER "
                    + config.postgres().user() + " at " + config.postgres().address()
                    + ", so triggers and foreign keys do not hold: reset it with ALTER ROLE, ALTER DATABASE or ALTER SYSTEM"
                    + " ... RESET session_replication_role");
        }
    }

    // A standby, or the old primary of a failover that is under way: neither takes migrations.
    private static void requireWritable(Connection connection) throws SQLException {
        if ("on".equals(setting(connection, "transaction_read_only"))) {
            throw new SQLException("it is read-only", READ_ONLY);
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
            // Nothing ever counts down: this is a wait that an interrupt ends.
            var _ = new CountDownLatch(1).await(RETRY_INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartException("stopped while waiting for Postgres", e);
        }
    }
}
