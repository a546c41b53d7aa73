package dev.lockstep.relay;

import dev.lockstep.relay.NextStep.Observation;
import dev.lockstep.relay.RelayHealth.Role;
import dev.lockstep.relay.SlotStore.SlotState;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one task after the other: stands by until the slot is free, leads for as long as possible, and starts over after any failure.
 *
 * <pre>
 *    ╭──▶ STARTING ── another relay holds the slot ──▶ STANDBY ── slot is free ──▶ LeaderSession ──╮
 *    │       │  ╰──────────────────────────── slot is free ───────────────────────────▲            │
 *    │       ╰── slot is missing or lost, and rows are pending ───────────────────▶ Recovery ──────┤
 *    ╰───────────────────────────── wait after a failure, see Backoff ─────────────────────────────╯
 * </pre>
 *
 * <p>{@link NextStep} decides which of these comes next.
 */
final class Supervisor {
    private static final Logger LOGGER = LoggerFactory.getLogger(Supervisor.class);
    private static final String OBJECT_IN_USE = "55006";
    private static final Duration POLL = Duration.ofMillis(250);
    private static final Backoff BACKOFF = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(5));

    private final RelayContext relay;
    private final RelayConfig config;
    private final SlotProvisioner slotProvisioner;
    private final RelayHealth health;
    private final RelayMetrics metrics;
    private final StandbyMonitor standbyMonitor;
    private final FailureLog failures;
    private final CountDownLatch closed = new CountDownLatch(1);

    private int failuresInARow;
    private @Nullable RelayTask current;
    private int consecutiveStalls;

    Supervisor(RelayContext relay) {
        this.relay = relay;
        this.config = relay.config();
        this.slotProvisioner = relay.slotProvisioner();
        this.health = relay.health();
        this.metrics = relay.metrics();
        this.failures = new FailureLog(LOGGER, config.slotName(), System::nanoTime);
        this.standbyMonitor =
                new StandbyMonitor(new StandbyRegistry(), new KafkaProbe(config), config.failoverTimeout());
    }

    /** Blocks until {@link #close()} is called. */
    void run() {
        try {
            while (!isClosed()) {
                runOnce();
            }
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends {@link #run()} and releases the slot. Bounded. */
    void close() {
        RelayTask running;
        synchronized (this) {
            closed.countDown();
            running = current;
        }
        if (running != null) {
            running.close();
        }
    }

    private void runOnce() throws InterruptedException {
        try {
            Optional<Supplier<RelayTask>> next = awaitNextTask();
            if (next.isPresent()) {
                runTask(next.get());
            }
        } catch (SQLException cause) {
            String reason = RelayException.reason(cause);
            health.degraded(
                    cause instanceof NoConnectionException
                            ? reason
                            : "Postgres at %s:%d: %s".formatted(config.host(), config.port(), reason));
            backOff();
        } catch (RuntimeException cause) {
            failures.warn("relay cannot lead", cause);
            health.degraded(RelayException.reason(cause));
            backOff();
        }
    }

    // Empty if the relay was closed in the meantime.
    private Optional<Supplier<RelayTask>> awaitNextTask() throws SQLException, InterruptedException {
        try (Connection connection = relay.database().connect("supervisor")) {
            while (!isClosed()) {
                Optional<Duration> watermarkAge = relay.watermark().age(connection);
                watermarkAge.ifPresent(health::watermarkMoved);
                Optional<Supplier<RelayTask>> task =
                        act(NextStep.after(observe(connection)), connection, watermarkAge.orElse(Duration.ZERO));
                if (task.isPresent()) {
                    return task;
                }
                // The random part keeps two standbys from always trying at the same moment.
                pause(POLL.plusMillis(ThreadLocalRandom.current().nextLong(-50, 50)));
            }
            return Optional.empty();
        }
    }

    private Observation observe(Connection connection) throws SQLException, InterruptedException {
        SlotState slot = slotProvisioner.state(connection).orElse(null);
        if (slot == null || slot.isLost()) {
            return new Observation(slot, null, slotProvisioner.isRecoveryLeasedElsewhere(connection), true);
        }
        boolean mayLead = slot.active() || standbyMonitor.mayLead();
        return new Observation(slot, slotProvisioner.unusableReason(slot).orElse(null), false, mayLead);
    }

    // Empty if the relay has to wait and look again.
    private Optional<Supplier<RelayTask>> act(NextStep next, Connection connection, Duration watermarkAge)
            throws SQLException, InterruptedException {
        if (!(next instanceof NextStep.StandBy || next instanceof NextStep.Lead)) {
            health.setRole(Role.STARTING);
        }
        return switch (next) {
            case NextStep.Recover _ ->
                slotProvisioner.prepare() && slotProvisioner.acquireRecoveryLease(connection)
                        ? Optional.of(this::recovery)
                        : Optional.empty();
            case NextStep.AwaitRecovery _ -> {
                health.degraded("another relay is sending the pending rows from the table");
                yield Optional.empty();
            }
            case NextStep.Blocked blocked -> {
                health.blocked(blocked.reason());
                yield Optional.empty();
            }
            case NextStep.StandBy _ -> {
                standBy();
                standbyMonitor.standBy(connection, watermarkAge);
                yield Optional.empty();
            }
            case NextStep.AwaitKafka _ -> {
                health.degraded("Kafka at %s does not answer this relay".formatted(config.bootstrapServers()));
                yield Optional.empty();
            }
            case NextStep.Lead(SlotState free) -> lead(connection, free);
        };
    }

    // Empty if another relay has claimed the slot first.
    private Optional<Supplier<RelayTask>> lead(Connection connection, SlotState free) throws SQLException {
        if (slotProvisioner.dropUnverified(connection) || !slotProvisioner.claim(connection, free)) {
            return Optional.empty();
        }
        PgSnapshot settled = PgSnapshot.parse(relay.watermark().read(connection).snapshot());
        return Optional.of(() -> new LeaderSession(relay, free, settled, consecutiveStalls));
    }

    private RelayTask recovery() {
        RowSender sender = new RowSender(
                relay.newSender(new AdminTopicProbe(config)), new OutboxRecords(config.source()), relay.newHeldRows());
        return new Recovery(config, relay.database(), slotProvisioner, new OutboxResender(sender, metrics), health);
    }

    private void standBy() {
        if (health.role() != Role.STANDBY) {
            LOGGER.atInfo().addKeyValue("slot", config.slotName()).log("relay stands by");
        }
        health.setRole(Role.STANDBY);
        health.healthy();
    }

    private void runTask(Supplier<RelayTask> next) throws InterruptedException {
        RelayTask task = createTask(next);
        if (task == null) {
            return;
        }
        try {
            runToCompletion(task);
            failuresInARow = 0;
        } catch (RuntimeException cause) {
            reportFailure(cause);
            recordSessionEnd(task);
            failuresInARow = task.madeProgress() ? 0 : failuresInARow;
            backOff();
        }
    }

    // Resets the role and the gauge before any backoff, because another relay may lead by the end of it.
    private void runToCompletion(RelayTask task) throws InterruptedException {
        try {
            task.run();
        } finally {
            synchronized (this) {
                current = null;
            }
            health.setRole(Role.STARTING);
            metrics.leading(false);
        }
    }

    private void recordSessionEnd(RelayTask task) {
        if (isClosed() || !(task instanceof LeaderSession session)) {
            return;
        }
        SessionEnd end = session.sessionEnd();
        if (end == SessionEnd.STEPPED_DOWN) {
            standbyMonitor.steppedDown();
        }
        consecutiveStalls = end == SessionEnd.SILENT && !session.madeProgress() ? consecutiveStalls + 1 : 0;
        // Repeated attempts without progress are one outage, which health reports, and do not count as restarts.
        if (end != SessionEnd.FAILED || session.madeProgress()) {
            metrics.sessionEnded(end);
        }
    }

    // Null if the relay was closed in the meantime. Creates the task outside the lock: creating an engine may take
    // seconds on a busy machine, and close() must not wait for it.
    private @Nullable RelayTask createTask(Supplier<RelayTask> next) {
        if (isClosed()) {
            return null;
        }
        RelayTask task = next.get();
        synchronized (this) {
            if (!isClosed()) {
                current = task;
                return task;
            }
        }
        task.close();
        return null;
    }

    private void reportFailure(RuntimeException cause) {
        String reason = RelayException.reason(cause);
        if (isClosed() || isSlotInUse(cause)) {
            LOGGER.atDebug()
                    .setCause(cause)
                    .addKeyValue("slot", config.slotName())
                    .log("another relay leads");
        } else {
            failures.warn("relay stopped leading", cause);
            health.degraded(reason);
        }
    }

    private static boolean isSlotInUse(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof SQLException refusal && OBJECT_IN_USE.equals(refusal.getSQLState())) {
                return true;
            }
        }
        return false;
    }

    private void backOff() throws InterruptedException {
        failuresInARow++;
        pause(BACKOFF.after(failuresInARow));
    }

    private void pause(Duration duration) throws InterruptedException {
        closed.await(duration.toMillis(), TimeUnit.MILLISECONDS);
    }

    private boolean isClosed() {
        return closed.getCount() == 0;
    }
}
