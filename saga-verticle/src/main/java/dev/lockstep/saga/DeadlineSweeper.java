package dev.lockstep.saga;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/** Looks for passed deadlines and turns them into events. Several instances may: each takes what no other is at. */
final class DeadlineSweeper {
    private static final int BATCH = 500;

    private final Pool pool;
    private final SagaProcessor processor;
    private final Repeating sweeps;

    DeadlineSweeper(Vertx vertx, Pool pool, SagaProcessor processor, Duration interval) {
        this.pool = pool;
        this.processor = processor;
        this.sweeps = new Repeating(vertx, "looking for passed deadlines", interval, this::sweep);
    }

    /**
     * @param grace how long to wait before the first look: replies that arrived while the service was down are read before
     *     anybody is blamed for not having sent them
     */
    void start(Duration grace) {
        sweeps.start(grace);
    }

    Future<Void> stop() {
        return sweeps.stop();
    }

    /** Why deadlines are not being kept, in one sentence, or empty when they are. */
    Optional<String> problem() {
        return sweeps.problem();
    }

    private Future<Boolean> sweep() {
        return pool.withTransaction(tx -> processor.letDeadlinesPass(tx, BATCH))
                .map(passed -> Objects.equals(passed, BATCH));
    }
}
