package dev.lockstep.runtime;

import dev.lockstep.messaging.MessagingSchema;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits until the database answers and brings its schema up to date. Nothing else of a service starts before that. */
final class PostgresGate {
    private static final Logger LOGGER = LoggerFactory.getLogger(PostgresGate.class);
    private static final Duration PAUSE = Duration.ofMillis(250);
    private static final int ANSWER_SECONDS = 5;
    private static final Duration TELL_EVERY = Duration.ofSeconds(5);
    // https://www.postgresql.org/docs/18/errcodes-appendix.html: class 28, invalid authorization.
    private static final String REFUSED_CLASS = "28";

    private final ServiceConfig config;
    private final DataSource database;

    PostgresGate(ServiceConfig config) {
        this.config = config;
        this.database = config.postgres().dataSource();
    }

    /** Returns when the database has accepted a connection, however long that takes. */
    void await() {
        long toldAt = System.nanoTime();
        while (true) {
            try (Connection connection = database.getConnection()) {
                if (connection.isValid(ANSWER_SECONDS)) {
                    return;
                }
            } catch (SQLException e) {
                refuse(e);
                if (System.nanoTime() - toldAt >= TELL_EVERY.toNanos()) {
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
    private void refuse(SQLException failure) {
        String state = failure.getSQLState();
        if (state != null && state.startsWith(REFUSED_CLASS)) {
            throw new StartException(
                    "Postgres at " + config.postgres().address() + " does not let in POSTGRES_USER "
                            + config.postgres().user() + " with this POSTGRES_PASSWORD: " + failure.getMessage(),
                    failure);
        }
    }

    private static void pause() {
        try {
            // Nothing ever counts down: this is a wait that an interrupt ends.
            var _ = new CountDownLatch(1).await(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartException("stopped while waiting for Postgres", e);
        }
    }
}
