package dev.lockstep.runtime;

import dev.lockstep.messaging.failure.FailureClassifier;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Checks every two seconds, on its own connection, whether the database accepts writes. Readiness reports the result. */
public final class PostgresProbe {
    private static final Duration INTERVAL = Duration.ofSeconds(2);
    // Settings of a database apply to new sessions only. The service's pool replaces its sessions as well.
    private static final Duration LIFETIME = Duration.ofSeconds(30);
    // Raises the same error as a write would. The pool then closes a session that started while the database was
    // read-only, and the next check uses a new session.
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

    public PostgresProbe(Vertx vertx, ServiceConfig config) {
        this.postgres = config.postgres();
        this.pool = postgres.pool(
                vertx,
                config.service() + "-health",
                1,
                new SessionPool.Limits(LIFETIME, INTERVAL.multipliedBy(3), INTERVAL.multipliedBy(3)));
        this.timer = vertx.setPeriodic(INTERVAL.toMillis(), tick -> probe());
    }

    /** Why the database does not accept writes, in one sentence; empty while it does. */
    public Optional<String> problem() {
        return problem;
    }

    // One check at a time: checks would queue up while the database hangs.
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
        return FailureClassifier.isReadOnly(cause)
                ? "Postgres at " + postgres.address()
                        + " is read-only: it is a standby, or default_transaction_read_only is on for the server, the"
                        + " database or the role " + postgres.user() + " (POSTGRES_USER)"
                : "Postgres at " + postgres.address() + " does not answer: " + cause.getMessage();
    }

    public Future<Void> close(Vertx vertx) {
        vertx.cancelTimer(timer);
        return pool.close();
    }
}
