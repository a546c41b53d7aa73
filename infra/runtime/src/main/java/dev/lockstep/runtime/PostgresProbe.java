package dev.lockstep.runtime;

import dev.lockstep.messaging.failure.FailureClassifier;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
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

    private final Vertx vertx;
    private final PostgresConfig postgres;
    private final Pool pool;
    private final long timer;
    private boolean probing;
    private volatile Optional<String> problem = Optional.empty();

    public PostgresProbe(Vertx vertx, ServiceConfig config) {
        this.vertx = vertx;
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
                .<Optional<String>>map(answered -> Optional.empty())
                .recover(failure -> describe(failure).map(Optional::of))
                .onComplete(described -> {
                    probing = false;
                    problem = described.succeeded() ? described.result() : problem;
                });
    }

    private Future<String> describe(Throwable failure) {
        if (FailureClassifier.isReadOnly(failure)) {
            return Future.succeededFuture("Postgres at " + postgres.address()
                    + " is read-only: it is a standby, or default_transaction_read_only is on for the server, the"
                    + " database or the role " + postgres.user() + " (POSTGRES_USER)");
        }
        String unknown = "Postgres at " + postgres.address() + " does not answer: " + failure.getMessage();
        return PostgresDiagnosis.of(failure, postgres, postgres.login())
                .map(Future::succeededFuture)
                .orElseGet(() -> postgres.tls().isEnabled()
                        ? vertx.executeBlocking(() -> diagnose().orElse(unknown), false)
                                .map(Objects::requireNonNull)
                                .otherwise(unknown)
                        : Future.succeededFuture(unknown));
    }

    // The Vert.x client does not say why a TLS handshake fails. The other driver does.
    private Optional<String> diagnose() {
        try {
            postgres.dataSource().getConnection().close();
            return Optional.empty();
        } catch (SQLException failure) {
            return PostgresDiagnosis.of(failure, postgres, postgres.login());
        }
    }

    public Future<Void> close(Vertx vertx) {
        vertx.cancelTimer(timer);
        return pool.close();
    }
}
