package dev.lockstep.messaging.operator;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs jobs that are stored in a table, step by step, in the background. It continues jobs that another instance started, or that this
 * service started before it was restarted. The step's own statement has to ensure that two instances do not run the same job at once.
 */
public final class JobRunner {
    private static final Logger LOGGER = LoggerFactory.getLogger(JobRunner.class);
    private static final long SCAN_INTERVAL_MILLIS = Duration.ofSeconds(5).toMillis();

    private final Vertx vertx;
    private final JobDefinition definition;
    private final Set<UUID> running = ConcurrentHashMap.newKeySet();
    private long timer = -1;
    private volatile boolean stopped;

    public JobRunner(Vertx vertx, JobDefinition definition) {
        this.vertx = vertx;
        this.definition = definition;
    }

    /** The jobs to run. */
    public interface JobDefinition {
        Future<List<UUID>> unfinished();

        /** Runs the next step. Completes with the delay until the step after it; empty if the job has ended or another instance runs it. */
        Future<Optional<Duration>> step(UUID id);
    }

    public void start() {
        timer = vertx.setPeriodic(
                0,
                SCAN_INTERVAL_MILLIS,
                tick -> definition
                        .unfinished()
                        .onSuccess(jobs -> jobs.forEach(this::run))
                        .onFailure(cause -> LOGGER.atDebug().setCause(cause).log("failed to read unfinished jobs")));
    }

    public void stop() {
        stopped = true;
        vertx.cancelTimer(timer);
    }

    /** Runs the first step. Completes when that step is done; the remaining steps run in the background. */
    public Future<Void> begin(UUID id) {
        running.add(id);
        return step(id).mapEmpty();
    }

    private void run(UUID id) {
        if (!stopped && running.add(id)) {
            step(id);
        }
    }

    private Future<Optional<Duration>> step(UUID id) {
        return definition
                .step(id)
                .onFailure(cause -> LOGGER.atWarn()
                        .addKeyValue("job", id)
                        .addKeyValue("error", String.valueOf(cause))
                        .log("job step failed, retrying soon"))
                .onComplete(done -> {
                    Optional<Duration> next = done.succeeded() ? done.result() : Optional.empty();
                    next.ifPresentOrElse(pause -> scheduleNext(id, pause), () -> running.remove(id));
                });
    }

    private void scheduleNext(UUID id, Duration pause) {
        vertx.setTimer(Math.max(1, pause.toMillis()), tick -> {
            running.remove(id);
            run(id);
        });
    }
}
