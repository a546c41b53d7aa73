package dev.lockstep.runtime;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Asks the database again and again whether it takes writes, on a connection of its own, so that readiness can say it. */
final class PostgresProbe {
    private static final Duration INTERVAL = Duration.ofSeconds(2);
    // What is set for a database reaches new sessions only, as do those of the service's own pool.
    private static final Duration LIFETIME = Duration.ofSeconds(30);
    private static final String READ_ONLY = "25006";
    // An error, and that of a write: a session that began while the database was read-only is closed for it, and the
    // next question
    // asks a new one.
    private static final String CHECK_WRITABLE = """
            DO $$ BEGIN
                IF current_setting('transaction_read_only')::boolean THEN
                    RAISE EXCEPTION 'it is read-only' USING ERRCODE = 'read_only_sql_transaction';
                END IF;
            END $$
            """;

    private final PostgresConfig postgres;
    private final Pool pool;
    private final long timer;
    private boolean probing;
    private volatile Optional<String> problem = Optional.empty();

    PostgresProbe(Vertx vertx, ServiceConfig config) {
        this.postgres = config.postgres();
        this.pool = postgres.pool(
                vertx,
                config.service() + "-health",
                1,
                new SessionPool.Limits(LIFETIME, INTERVAL.multipliedBy(3), INTERVAL.multipliedBy(3)));
        this.timer = vertx.setPeriodic(INTERVAL.toMillis(), tick -> probe());
    }

    Optional<String> problem() {
        return problem;
    }

    // One question at a time: while the database hangs they would only queue up behind each other.
    private void probe() {
        if (probing) {
            return;
        }
        probing = true;
        pool.query(CHECK_WRITABLE)
                .execute()
                .timeout(INTERVAL.toMillis(), TimeUnit.MILLISECONDS)
                .onComplete(answered -> {
                    probing = false;
                    problem = answered.succeeded() ? Optional.empty() : Optional.of(describe(answered.cause()));
                });
    }

    private String describe(Throwable cause) {
        return cause instanceof PgException postgresSays && READ_ONLY.equals(postgresSays.getSqlState())
                ? "Postgres at " + postgres.address()
                        + " is read-only: a standby, or default_transaction_read_only is on for the server, the database or "
                        + postgres.user() + " (POSTGRES_USER)"
                : "Postgres at " + postgres.address() + " does not answer: " + cause.getMessage();
    }

    Future<Void> close(Vertx vertx) {
        vertx.cancelTimer(timer);
        return pool.close();
    }
}
