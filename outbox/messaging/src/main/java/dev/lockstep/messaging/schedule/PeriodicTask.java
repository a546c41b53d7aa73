package dev.lockstep.messaging.schedule;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a task periodically. A run starts only after the previous one has completed, so runs do not pile up on a slow database. A failed
 * run does not stop the task. Start and stop it on the same Vert.x context.
 */
public final class PeriodicTask {
    private static final Logger LOGGER = LoggerFactory.getLogger(PeriodicTask.class);

    // A statement on a pool that is closed meanwhile may never complete.
    private static final long MAX_STOP_SECONDS = 5;

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
    public PeriodicTask(Vertx vertx, String task, Duration pause, Supplier<Future<Boolean>> run) {
        this.vertx = vertx;
        this.task = task;
        this.pause = pause;
        this.run = run;
    }

    /** Starts the task with a run at once. Completes when that run has succeeded; fails if it failed. The task continues in both cases. */
    public Future<Void> start() {
        return runOnce().mapEmpty();
    }

    /** Starts the task with a run after a delay. */
    public void startAfter(Duration delay) {
        if (!stopped) {
            timer = vertx.setTimer(Math.max(1, delay.toMillis()), fired -> runOnce());
        }
    }

    /**
     * Stops the task. Completes once the current run has ended, whether or not it succeeded, but at the latest after five seconds. A run that
     * takes longer is logged and left to itself.
     */
    public Future<Void> stop() {
        stopped = true;
        vertx.cancelTimer(timer);
        Future<?> current = running;
        return current.timeout(MAX_STOP_SECONDS, TimeUnit.SECONDS)
                .<Void>mapEmpty()
                .recover(failure -> {
                    // The failure of the run itself has been reported when it ended.
                    if (!current.isComplete()) {
                        LOGGER.atWarn()
                                .addKeyValue("seconds", MAX_STOP_SECONDS)
                                .log(task + " did not end when it was stopped");
                    }
                    return Future.succeededFuture();
                });
    }

    /** Describes in one sentence why the last run failed. Empty if it succeeded. */
    public Optional<String> problem() {
        return Optional.ofNullable(problem);
    }

    // onComplete, not compose: composing the next run onto this one would build an ever-growing chain of futures.
    private Future<Boolean> runOnce() {
        Future<Boolean> begun = begin();
        running = begun;
        begun.onComplete(again -> next(again, null), failure -> next(false, failure));
        return begun;
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
        startAfter(again ? Duration.ZERO : pause);
    }

    private void report(@Nullable Throwable failure) {
        boolean failedBefore = problem != null;
        if (failure != null) {
            problem = task + " failed: " + failure.getMessage();
            // Logged as a warning only on the first failure: the database may be unavailable for a long time.
            (failedBefore ? LOGGER.atDebug() : LOGGER.atWarn())
                    .setCause(failure)
                    .log(task + " failed, retrying");
        } else if (failedBefore) {
            problem = null;
            LOGGER.atInfo().log(task + " succeeded again");
        }
    }
}
