package dev.lockstep.messaging.resend;

import dev.lockstep.messaging.operator.JobRunner;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Runs resends in the background, page by page. */
public final class ResendJobs implements JobRunner.JobDefinition {
    private static final int PAGE_SIZE = 1_000;
    private static final int STEPS_PER_SECOND = 5;
    // Keeps new messages from waiting behind millions of old ones.
    private static final int MAX_PENDING_ROWS = 20_000;
    private static final Duration STEP_PAUSE = Duration.ofMillis(20);

    private final Pool pool;
    private final JobRunner runner;

    public ResendJobs(Vertx vertx, Pool pool) {
        this.pool = pool;
        this.runner = new JobRunner(vertx, this);
    }

    public void start() {
        runner.start();
    }

    public void stop() {
        runner.stop();
    }

    /** Sends the first page. Completes when that is done; the remaining pages are sent in the background. */
    Future<Void> begin(UUID id) {
        return runner.begin(id);
    }

    @Override
    public Future<List<UUID>> unfinished() {
        return ResendStore.unfinished(pool);
    }

    @Override
    public Future<Optional<Duration>> step(UUID id) {
        return ResendStore.find(pool, id)
                .compose(found ->
                        found.isEmpty() ? Future.succeededFuture(Optional.<Duration>empty()) : step(found.get()))
                .map(next -> next.map(STEP_PAUSE::plus));
    }

    private Future<Optional<Duration>> step(ResendStore.ResendJob job) {
        int most = Math.clamp(Math.ceilDiv(job.view().ratePerSecond(), STEPS_PER_SECOND), 1, PAGE_SIZE);
        return ResendStore.step(pool, job, PAGE_SIZE, most, MAX_PENDING_ROWS);
    }
}
