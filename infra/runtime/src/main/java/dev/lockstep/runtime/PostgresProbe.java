package dev.lockstep.runtime;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Asks the database again and again whether it is there, on a connection of its own, so that readiness can say it. */
final class PostgresProbe {
    private static final Duration INTERVAL = Duration.ofSeconds(2);

    private final PostgresConfig postgres;
    private final Pool pool;
    private final long timer;
    private boolean asking;
    private volatile Optional<String> problem = Optional.empty();

    PostgresProbe(Vertx vertx, ServiceConfig config) {
        this.postgres = config.postgres();
        this.pool = postgres.pool(vertx, config.service() + "-health", 1);
        this.timer = vertx.setPeriodic(INTERVAL.toMillis(), tick -> ask());
    }

    Optional<String> problem() {
        return problem;
    }

    // One question at a time: while the database hangs they would only queue up behind each other.
    private void ask() {
        if (asking) {
            return;
        }
        asking = true;
        pool.query("SELECT 1")
                .execute()
                .timeout(INTERVAL.toMillis(), TimeUnit.MILLISECONDS)
                .onComplete(answered -> {
                    asking = false;
                    problem = answered.succeeded()
                            ? Optional.empty()
                            : Optional.of("Postgres at " + postgres.address() + " does not answer: "
                                    + answered.cause().getMessage());
                });
    }

    Future<Void> close(Vertx vertx) {
        vertx.cancelTimer(timer);
        return pool.close();
    }
}
