package dev.lockstep.relay;

import dev.lockstep.relay.SlotStore.SlotState;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One leader session: a producer, an engine and a heartbeat task that start and end together. Single use.
 *
 * <p>The session ends when it is closed or its engine fails. It ends its engine itself if the {@link StallDetector} or the {@link Watchdog}
 * asks for it, if the publication was altered, or if the slot was lost before the engine read from it. {@link #run()} then throws the
 * reason.
 */
final class LeaderSession implements RelayTask, HeartbeatTask.Checks {
    private static final Duration DRAIN = Duration.ofMillis(500);
    private static final int MAX_DOUBLINGS = 7;

    private final RelayConfig config;
    private final KafkaSender sender;
    private final RowSender rowSender;
    private final HeldRowRetrier retrier;
    private final OutboxPublisher publisher;
    private final RelayEngine engine;
    private final HeartbeatTask heartbeat;
    private final Watchdog watchdog;
    private final HeartbeatTopic heartbeatTopic;
    private final SlotProvisioner slotProvisioner;
    private final RelayHealth health;
    private final StallDetector stallDetector;
    private final Duration failoverTimeout;
    private final Duration startTimeout;

    private volatile boolean engineStalled;
    private volatile @Nullable String endReason;
    private boolean slotActive;

    /**
     * @param slot the slot that this relay has claimed
     * @param settled the snapshot of the watermark: rows that are visible in it have been compared already
     * @param consecutiveStalls how many sessions before this one ended because the engine was silent from its start
     */
    LeaderSession(RelayContext relay, SlotState slot, PgSnapshot settled, int consecutiveStalls) {
        config = relay.config();
        slotProvisioner = relay.slotProvisioner();
        health = relay.health();
        // Doubled each time an engine was silent again: Postgres also sends nothing while it decodes a very large
        // transaction, and a larger limit eventually lets that complete.
        long times = 1L << Math.min(consecutiveStalls, MAX_DOUBLINGS);
        failoverTimeout = config.failoverTimeout().multipliedBy(times);
        startTimeout = config.startTimeout().multipliedBy(times);
        stallDetector = new StallDetector(startTimeout, failoverTimeout, System::nanoTime);
        TopicProbe probe = new AdminTopicProbe(config);
        heartbeatTopic = new HeartbeatTopic(config, probe);
        OutboxRecords records = new OutboxRecords(config.source());
        AcknowledgedRows acknowledgedRows = new AcknowledgedRows(settled);
        HeldRows held = relay.newHeldRows();
        sender = relay.newSender(probe);
        rowSender = new RowSender(sender, records, held);
        retrier = new HeldRowRetrier(
                relay.database(), held, probe, () -> relay.newSender(probe), records, relay.metrics());
        Reconciler reconciler = new Reconciler(
                relay.watermark(), acknowledgedRows, new OutboxResender(rowSender, relay.metrics()), relay.metrics());
        heartbeat = new HeartbeatTask(relay, heartbeatTopic, reconciler, this);
        publisher = new OutboxPublisher(
                rowSender,
                heartbeatTopic,
                () -> beforeFirstBatch(slotProvisioner, slot),
                acknowledgedRows,
                heartbeat::onAcknowledged,
                health,
                relay.metrics());
        engine = new RelayEngine(
                config,
                new PublicationGuard(publisher, slotProvisioner::requireUnchangedPublication),
                stallDetector::stepReached);
        watchdog = new Watchdog(
                config,
                relay.database(),
                new StandbyRegistry(),
                new KafkaProbe(config),
                () -> max(max(sender.stalledFor(), retrier.stalledFor()), heartbeatTopic.unknownFor()),
                this::close);
    }

    @Override
    public void run() {
        heartbeat.start();
        watchdog.start();
        try {
            engine.run();
            throwIfEnded();
        } catch (RelayException cause) {
            throwIfEnded();
            throw cause;
        } finally {
            watchdog.close();
            heartbeat.close();
            retrier.close();
            rowSender.close();
        }
    }

    // An engine that is closed may end with a failure of its own, or without one.
    private void throwIfEnded() {
        @Nullable
        String reason = switch (sessionEnd()) {
            case FAILED -> endReason;
            case SILENT ->
                madeProgress()
                        ? "slot %s has delivered nothing for %d s, not even a heartbeat"
                                .formatted(config.slotName(), failoverTimeout.toSeconds())
                        : "the engine of slot %s has not started to read; its last step was \"%s\", more than %d s ago"
                                .formatted(config.slotName(), stallDetector.step(), startTimeout.toSeconds());
            case STEPPED_DOWN ->
                "Kafka at %s answers another relay but not this one".formatted(config.bootstrapServers());
            case CLOCK_SET_BACK ->
                "the system clock was set back; the producer and the engine measure their waits by it and are replaced";
        };
        if (reason != null) {
            throw new RelayException(reason, null);
        }
    }

    /** Returns why the session ended. */
    SessionEnd sessionEnd() {
        SessionEnd seen = watchdog.sessionEnd();
        if (seen != null) {
            return seen;
        }
        return engineStalled ? SessionEnd.SILENT : SessionEnd.FAILED;
    }

    private static Duration max(Duration one, Duration other) {
        return one.compareTo(other) > 0 ? one : other;
    }

    private void beforeFirstBatch(SlotProvisioner provisioner, SlotState slot) {
        requireVerifiedSlot(provisioner, slot);
        retrier.start();
    }

    private void requireVerifiedSlot(SlotProvisioner provisioner, SlotState slot) {
        if (!provisioner.verify(slot)) {
            throw new RelayException(
                    "slot %s is not the slot that this relay claimed before its engine started"
                            .formatted(config.slotName()),
                    null);
        }
    }

    @Override
    public boolean madeProgress() {
        return publisher.hasRelayed();
    }

    /** Also releases the slot. A batch in flight may still be acknowledged during the close. */
    @Override
    public void close() {
        publisher.drain(DRAIN);
        // Threads that still wait for Kafka must be released first, or the engine could not end.
        retrier.stop();
        rowSender.close();
        engine.close();
    }

    // A broken connection that is not closed stays silent forever. The relay's own heartbeats must come back through
    // the slot, so silence means that the engine has failed.
    @Override
    public void beforeHeartbeat(Duration late) {
        // Called even for a late heartbeat, because the detector adds up the delays.
        boolean stalled = stallDetector.isStalled(publisher.timeSinceLastBatch(), madeProgress(), late);
        if (late.compareTo(config.failoverTimeout().dividedBy(2)) >= 0) {
            return;
        }
        if (stalled) {
            engineStalled = true;
            engine.close();
        }
    }

    @Override
    public void checkSlot(Connection connection, Optional<SlotState> slot) throws SQLException {
        if (!slotActive && slot.filter(SlotState::active).isPresent()) {
            slotActive = true;
            stallDetector.stepReached("slot acquired");
        }
        if (!madeProgress() && publisher.timeSinceLastBatch().isPositive()) {
            health.degraded("its engine is starting, last step: " + stallDetector.step());
        }
        if (!slotProvisioner.isPublicationUnchanged(connection)) {
            endReason = slotProvisioner.publicationChangedMessage();
            engine.close();
        } else if (slot.filter(state -> state.invalidationReason() != null).isPresent() && !madeProgress()) {
            // Debezium would wait half an hour for the lost slot. A slot that is lost later makes the engine fail by
            // itself, because Postgres ends its walsender.
            endReason = "slot %s was lost while the engine started".formatted(config.slotName());
            engine.close();
        }
    }
}
