package dev.lockstep.saga;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a task periodically. A run starts only after the previous one has completed. A failed run does not stop the task.
 */
final class PeriodicTask {
    private static final Logger LOGGER = LoggerFactory.getLogger(PeriodicTask.class);

    private final Vertx vertx;
    private final String task;
    private final Duration pause;
    private final Supplier<Future<Boolean>> run;
    private Future<?> running = Future.succeededFuture();
    private long timer = -1;
    private boolean stopped;
    private volatile @Nullable String problem;

    /**
     * @param task description of the task for log messages: "... failed"
     * @param run performs one run; completes with true if the next run should follow without a pause
     */
    PeriodicTask(Vertx vertx, String task, Duration pause, Supplier<Future<Boolean>> run) {
        this.vertx = vertx;
        this.task = task;
        this.pause = pause;
        this.run = run;
    }

    void start(Duration delay) {
        timer = vertx.setTimer(Math.max(1, delay.toMillis()), fired -> runOnce());
    }

    /** Stops the task. Completes once the current run has ended. */
    Future<Void> stop() {
        stopped = true;
        vertx.cancelTimer(timer);
        return running.otherwiseEmpty().mapEmpty();
    }

    /** Describes in one sentence why the last run failed. Empty if it succeeded. */
    Optional<String> problem() {
        return Optional.ofNullable(problem);
    }

    // onComplete, not compose: composing the next run onto this one would build an ever-growing chain of futures.
    private void runOnce() {
        Future<Boolean> begun = begin();
        running = begun;
        begun.onComplete(again -> next(again, null), failure -> next(false, failure));
    }

    private Future<Boolean> begin() {
        try {
            return run.get();
        } catch (RuntimeException thrown) {
            return Future.failedFuture(thrown);
        }
    }

    private void next(boolean again, @Nullable Throwable failure) {
        report(failure);
        if (!stopped) {
            start(again ? Duration.ZERO : pause);
        }
    }

    private void report(@Nullable Throwable failure) {
        boolean failedBefore = problem != null;
        if (failure != null) {
            problem = task + " failed: " + failure.getMessage();
            // Logged as a warning only on the first failure: the database may be unavailable for a long time.
            (failedBefore ? LOGGER.atDebug() : LOGGER.atWarn())
                    .setCause(failure)
                    .log(task + " failed, trying again");
        } else if (failedBefore) {
            problem = null;
            LOGGER.atInfo().log(task + " works again");
        }
    }
}
