package dev.lockstep.messaging;

import dev.lockstep.messaging.ResendStore.Job;
import dev.lockstep.messaging.ResendStore.Step;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries resends out, page by page. What another instance, or this process before it ended, has begun is gone on with. */
final class Resends {
    private static final Logger LOGGER = LoggerFactory.getLogger(Resends.class);
    private static final int PAGE = 1_000;
    private static final long LOOK_EVERY_MILLIS = Duration.ofSeconds(5).toMillis();
    // So that new messages are not held up behind millions of old ones.
    private static final long BREATHER_MILLIS = 20;

    private final Vertx vertx;
    private final Pool pool;
    private final Set<UUID> running = new HashSet<>();
    private long timer = -1;
    private boolean stopped;

    Resends(Vertx vertx, Pool pool) {
        this.vertx = vertx;
        this.pool = pool;
    }

    void start() {
        timer = vertx.setPeriodic(
                0,
                LOOK_EVERY_MILLIS,
                tick -> ResendStore.unfinished(pool)
                        .onSuccess(jobs -> jobs.forEach(this::run))
                        .onFailure(
                                cause -> LOGGER.atDebug().setCause(cause).log("unfinished resends could not be read")));
    }

    void stop() {
        stopped = true;
        vertx.cancelTimer(timer);
    }

    /** Sends the first page. Completes when that is done; whatever is left goes on without the caller. */
    Future<Void> begin(UUID id) {
        running.add(id);
        return step(id).onComplete(done -> running.remove(id))
                .onSuccess(step -> {
                    if (step == Step.MORE) {
                        run(id);
                    }
                })
                .mapEmpty();
    }

    private void run(UUID id) {
        if (running.add(id)) {
            steps(id);
        }
    }

    private void steps(UUID id) {
        if (stopped) {
            return;
        }
        step(id).onComplete(done -> {
            if (done.succeeded() && done.result() == Step.MORE) {
                vertx.setTimer(BREATHER_MILLIS, tick -> steps(id));
            } else {
                running.remove(id);
            }
        });
    }

    private Future<Step> step(UUID id) {
        return ResendStore.find(pool, id)
                .compose(found -> found.isEmpty() ? Future.succeededFuture(Step.NOT_OURS) : step(found.get()))
                .onFailure(cause -> LOGGER.atWarn()
                        .addKeyValue("resend", id)
                        .addKeyValue("error", String.valueOf(cause))
                        .log("a page could not be sent again, trying it again soon"));
    }

    private Future<Step> step(Job job) {
        return ResendStore.step(pool, job.shown(), job.byIds(), PAGE);
    }
}
