package dev.lockstep.saga;

import dev.lockstep.messaging.failure.FailureClassifier;
import dev.lockstep.messaging.failure.FailureKind;
import dev.lockstep.messaging.schedule.PeriodicTask;
import dev.lockstep.messaging.transaction.Bisection;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import dev.lockstep.messaging.transaction.BoundedTransactions.Limits;
import dev.lockstep.saga.domain.OrderId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds passed deadlines and applies them as events. Several instances may run concurrently: each skips rows that another one has locked.
 * If a batch fails, it is bisected until the failing saga is isolated. That saga is postponed, and all others proceed. While the database
 * is unavailable, no saga is postponed.
 */
final class DeadlineSweeper {
    private static final int BATCH = 500;

    private static final Logger LOGGER = LoggerFactory.getLogger(DeadlineSweeper.class);

    private static final Limits LIMITS = new Limits(Duration.ofSeconds(20), Duration.ofMillis(500));

    private final BoundedTransactions transactions;
    private final SagaStore store;
    private final SagaProcessor processor;
    private final PeriodicTask sweeps;

    DeadlineSweeper(Vertx vertx, Pool pool, SagaStore store, SagaProcessor processor, Duration interval) {
        this.transactions = new BoundedTransactions(vertx, pool);
        this.store = store;
        this.processor = processor;
        this.sweeps = new PeriodicTask(vertx, "deadline sweep", interval, this::sweep);
    }

    /**
     * @param grace delay before the first sweep, so that replies that arrived while the service was down are processed before their
     *     deadlines expire
     */
    void start(Duration grace) {
        sweeps.startAfter(grace);
    }

    Future<Void> stop() {
        return sweeps.stop();
    }

    /** Describes in one sentence why deadlines are currently not processed. Empty if they are. */
    Optional<String> problem() {
        return sweeps.problem();
    }

    private Future<Boolean> sweep() {
        return transactions
                .run(LIMITS, tx -> processor.expireDeadlines(tx, BATCH))
                .map(passed -> Objects.equals(passed, BATCH))
                .recover(cause -> transactions
                        .run(LIMITS, tx -> store.overdue(tx, BATCH))
                        .compose(overdue -> overdue.isEmpty() ? Future.failedFuture(cause) : expireIsolated(overdue))
                        .map(false));
    }

    private Future<Void> expireIsolated(List<OrderId> overdue) {
        return transactions
                .run(LIMITS, tx -> processor.expireDeadlines(tx, overdue))
                .recover(cause -> {
                    if (isUnavailable(cause)) {
                        return Future.failedFuture(cause);
                    }
                    return overdue.size() == 1
                            ? postpone(overdue.getFirst(), cause)
                            // The second half may succeed although the first one could not be postponed.
                            : Bisection.applyHalves(overdue, this::expireIsolated, failure -> !isUnavailable(failure));
                });
    }

    private static boolean isUnavailable(Throwable failure) {
        return FailureClassifier.classify(failure) == FailureKind.UNAVAILABLE;
    }

    private Future<Void> postpone(OrderId orderId, Throwable cause) {
        LOGGER.atWarn()
                .addKeyValue("orderId", orderId)
                .setCause(cause)
                .log("passed deadline could not be processed; the saga is postponed and retried later");
        return transactions.run(
                LIMITS,
                tx -> store.postpone(tx, orderId, cause.getClass().getSimpleName() + ": " + cause.getMessage()));
    }
}
