package dev.lockstep.relay;

import dev.lockstep.relay.SlotStore.SlotState;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes heartbeats at intervals, and calls the {@link Reconciler} to move the watermark when one has come through the slot and Kafka has
 * acknowledged it. It runs on its own thread with its own connection while this relay leads.
 */
final class HeartbeatTask implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(HeartbeatTask.class);
    private static final Duration SLOT_CHECK = Duration.ofSeconds(1);
    private static final Duration RECONNECT = Duration.ofMillis(500);

    private final RelayDatabase database;
    private final WatermarkStore watermark;
    private final SlotProvisioner slotProvisioner;
    private final HeartbeatTopic heartbeatTopic;
    private final RelayHealth health;
    private final RelayMetrics metrics;
    private final Duration interval;
    private final Reconciler reconciler;
    private final Checks checks;
    private final AdaptiveStatementTimeout statementTimeout = new AdaptiveStatementTimeout();
    private final AtomicReference<@Nullable Heartbeat> acknowledged = new AtomicReference<>();
    private final Thread thread;

    private volatile boolean closed;
    private long nextHeartbeat = System.nanoTime();
    private long nextSlotCheck = System.nanoTime();

    /** Checks that run on the heartbeat thread. */
    interface Checks {
        /**
         * Called before every heartbeat.
         *
         * @param late by how much the heartbeat is later than planned. After a long delay a silent engine is not at fault, because there
         *     was no heartbeat that it could have delivered
         */
        void beforeHeartbeat(Duration late);

        /** Called every second, independently of the heartbeats. */
        void checkSlot(Connection connection, Optional<SlotState> slot) throws SQLException;
    }

    HeartbeatTask(RelayContext relay, HeartbeatTopic heartbeatTopic, Reconciler reconciler, Checks checks) {
        this.database = relay.database();
        this.watermark = relay.watermark();
        this.slotProvisioner = relay.slotProvisioner();
        this.heartbeatTopic = heartbeatTopic;
        this.health = relay.health();
        this.metrics = relay.metrics();
        this.interval = relay.config().heartbeatInterval();
        this.reconciler = reconciler;
        this.checks = checks;
        this.thread = Thread.ofPlatform()
                .daemon()
                .name("relay-heartbeat-" + relay.config().database())
                .unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Records that Kafka has this heartbeat and every row that committed before it. Returns at once. */
    void onAcknowledged(Heartbeat beat) {
        acknowledged.set(beat);
        LockSupport.unpark(thread);
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join(Duration.ofSeconds(1));
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (!closed) {
            try (Connection connection = database.connect("heartbeat")) {
                applyTimeouts(connection);
                watermark.disableSynchronousCommit(connection);
                while (!closed) {
                    step(connection);
                }
            } catch (RelayException cause) {
                // The sender is closed or has failed, so the engine ends as well.
                health.degraded(RelayException.reason(cause));
                LockSupport.parkNanos(RECONNECT.toNanos());
            } catch (SQLException cause) {
                Duration given = statementTimeout.current();
                if (statementTimeout.increaseIfTimedOut(cause)) {
                    LOGGER.atWarn()
                            .addKeyValue("seconds", given.toSeconds())
                            .log("moving the watermark timed out, the next attempt has twice the timeout");
                }
                health.degraded(
                        "the relay cannot write heartbeats or move the watermark: " + RelayException.reason(cause));
                LockSupport.parkNanos(RECONNECT.toNanos());
            } catch (RuntimeException cause) {
                // The thread must survive: without it a stalled engine would never be replaced.
                LOGGER.atError().setCause(cause).log("heartbeat task failed unexpectedly, retrying");
                health.degraded("the relay cannot write heartbeats or move the watermark: " + cause);
                LockSupport.parkNanos(RECONNECT.toNanos());
            } catch (InterruptedException cause) {
                return;
            }
        }
    }

    private void applyTimeouts(Connection connection) throws SQLException {
        connection.setNetworkTimeout(
                Runnable::run,
                Math.toIntExact(
                        statementTimeout.current().plus(RelayDatabase.GRACE).toMillis()));
        watermark.limitStatements(connection, statementTimeout.current());
    }

    private void step(Connection connection) throws SQLException, InterruptedException {
        long now = System.nanoTime();
        writeHeartbeatIfDue(connection, now);
        if (now - nextSlotCheck >= 0) {
            nextSlotCheck = now + SLOT_CHECK.toNanos();
            Optional<SlotState> slot = slotProvisioner.state(connection);
            slot.ifPresent(state -> metrics.retained(state.retainedBytes()));
            checks.checkSlot(connection, slot);
        }
        Heartbeat beat = acknowledged.getAndSet(null);
        if (beat != null) {
            reconciler.reconcile(connection, beat, () -> heartbeatDuringResend(connection));
            health.watermarkMoved(Duration.ZERO);
            if (statementTimeout.reset()) {
                applyTimeouts(connection);
            }
            return;
        }
        LockSupport.parkNanos(Math.clamp(nextHeartbeat - System.nanoTime(), 0, TimeUnit.SECONDS.toNanos(1)));
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    private void writeHeartbeatIfDue(Connection connection, long now) throws SQLException, InterruptedException {
        if (now - nextHeartbeat >= 0) {
            checks.beforeHeartbeat(Duration.ofNanos(now - nextHeartbeat));
            nextHeartbeat = now + interval.toNanos();
            heartbeatTopic.refreshState();
            heartbeatTopic.problem().ifPresent(health::degraded);
            watermark.insertHeartbeat(connection);
        }
    }

    // Heartbeats continue while missing rows are sent again, so that health keeps reporting that rows flow.
    private void heartbeatDuringResend(Connection connection) throws SQLException, InterruptedException {
        writeHeartbeatIfDue(connection, System.nanoTime());
        if (acknowledged.get() != null) {
            watermark.touch(connection);
            health.watermarkMoved(Duration.ZERO);
        }
    }
}
