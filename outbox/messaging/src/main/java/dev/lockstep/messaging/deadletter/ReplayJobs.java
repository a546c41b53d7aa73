package dev.lockstep.messaging.deadletter;

import dev.lockstep.messaging.deadletter.ReplayStore.ReplayView;
import dev.lockstep.messaging.deadletter.ReplayStore.Step;
import dev.lockstep.messaging.operator.JobRunner;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Runs replays of dead letters in the background, each at its own rate. */
public final class ReplayJobs implements JobRunner.JobDefinition {
    private static final int PAGE_SIZE = 1_000;
    private static final int STEPS_PER_SECOND = 5;
    // The database's clock decides when a step is due, and a timer may fire early.
    private static final Duration MARGIN = Duration.ofMillis(10);

    private final Pool pool;
    private final JobRunner runner;
    private final Duration dedupWindow;
    private final Counter replayed;

    /** @param dedupWindow how long consumers recognise a repeat; older dead letters are replayed only with {@code force} */
    public ReplayJobs(Vertx vertx, Pool pool, Duration dedupWindow, MeterRegistry meters) {
        this.pool = pool;
        this.runner = new JobRunner(vertx, this);
        this.dedupWindow = dedupWindow;
        this.replayed = Counter.builder("lockstep.dead.letters.replayed")
                .description(
                        "dead letters that were redelivered to their consumer groups, or sent to their topics again")
                .register(meters);
    }

    public void start() {
        runner.start();
    }

    public void stop() {
        runner.stop();
    }

    Duration dedupWindow() {
        return dedupWindow;
    }

    /** Replays the first dead letters. Completes when that is done; the remaining ones are replayed in the background. */
    Future<Void> begin(UUID id) {
        return runner.begin(id);
    }

    void count(long deadLetters) {
        replayed.increment((double) deadLetters);
    }

    @Override
    public Future<List<UUID>> unfinished() {
        return ReplayStore.unfinished(pool);
    }

    @Override
    public Future<Optional<Duration>> step(UUID id) {
        return ReplayStore.find(pool, id)
                .compose(found ->
                        found.isEmpty() ? Future.succeededFuture(new Step(0, Optional.empty())) : step(found.get()))
                .map(step -> {
                    count(step.sent());
                    return step.next().map(MARGIN::plus);
                });
    }

    private Future<Step> step(ReplayView job) {
        int most = Math.ceilDiv(job.ratePerSecond(), STEPS_PER_SECOND);
        return ReplayStore.step(pool, job, PAGE_SIZE, most, dedupWindow);
    }
}
