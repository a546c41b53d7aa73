package dev.lockstep.messaging.resend;

import dev.lockstep.messaging.operator.Jobs;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Carries resends out, page by page. */
public final class Resends implements Jobs.Work {
    private static final int PAGE = 1_000;
    private static final int STEPS_A_SECOND = 5;
    // So that new messages are not held up behind millions of old ones.
    private static final int CROWD = 20_000;
    private static final Duration BREATHER = Duration.ofMillis(20);

    private final Pool pool;
    private final Jobs jobs;

    public Resends(Vertx vertx, Pool pool) {
        this.pool = pool;
        this.jobs = new Jobs(vertx, this);
    }

    public void start() {
        jobs.start();
    }

    public void stop() {
        jobs.stop();
    }

    /** Sends the first page. Completes when that is done; whatever is left goes on without the caller. */
    Future<Void> begin(UUID id) {
        return jobs.begin(id);
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
                .map(next -> next.map(BREATHER::plus));
    }

    private Future<Optional<Duration>> step(ResendStore.Job job) {
        int most = Math.clamp(Math.ceilDiv(job.shown().ratePerSecond(), STEPS_A_SECOND), 1, PAGE);
        return ResendStore.step(pool, job, PAGE, most, CROWD);
    }
}
