package dev.lockstep.messaging.deadletter;

import dev.lockstep.messaging.deadletter.ReplayStore.Shown;
import dev.lockstep.messaging.deadletter.ReplayStore.Step;
import dev.lockstep.messaging.operator.Jobs;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Carries replays of dead letters out, at the rate that each one has. */
public final class Replays implements Jobs.Work {
    private static final int PAGE = 1_000;
    private static final int STEPS_A_SECOND = 5;
    // The database's clock decides what is due; a timer may be early.
    private static final Duration MARGIN = Duration.ofMillis(10);

    private final Pool pool;
    private final Jobs jobs;
    private final Duration dedupWindow;
    private final Counter replayed;

    /** @param dedupWindow how long consumers recognise a repeat: what is older is replayed only with force */
    public Replays(Vertx vertx, Pool pool, Duration dedupWindow, MeterRegistry meters) {
        this.pool = pool;
        this.jobs = new Jobs(vertx, this);
        this.dedupWindow = dedupWindow;
        this.replayed = Counter.builder("lockstep.dead.letters.replayed")
                .description(
                        "dead letters that were redelivered to their consumer groups, or sent to their topics again")
                .register(meters);
    }

    public void start() {
        jobs.start();
    }

    public void stop() {
        jobs.stop();
    }

    Duration dedupWindow() {
        return dedupWindow;
    }

    /** Sends the first ones. Completes when that is done; whatever is left goes on without the caller. */
    Future<Void> begin(UUID id) {
        return jobs.begin(id);
    }

    void count(long letters) {
        replayed.increment((double) letters);
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

    private Future<Step> step(Shown job) {
        int most = Math.ceilDiv(job.ratePerSecond(), STEPS_A_SECOND);
        return ReplayStore.step(pool, job, PAGE, most, dedupWindow);
    }
}
