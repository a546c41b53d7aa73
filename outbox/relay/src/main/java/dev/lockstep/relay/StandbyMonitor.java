package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * What a relay that does not lead does so that the one that does, and cannot reach Kafka, has somebody to hand over to. For the
 * supervisor's thread alone.
 *
 * <pre>
 *     stands by ──watermark is old──▶ asks Kafka ──answers──▶ says so   the leader's {@link Watchdog} reads it and steps down
 *     stepped down ──slot is free──▶ asks Kafka ──answers──▶ leads again, if nobody was faster
 * </pre>
 */
final class StandbyMonitor {
    private static final long PROBE_INTERVAL = Duration.ofSeconds(2).toNanos();

    private final StandbyRegistry standbyRegistry;
    private final KafkaProbe kafkaProbe;
    private final Duration failoverTimeout;

    private boolean announcedReady;
    private boolean kafkaUnverified;
    private long nextProbe = System.nanoTime();

    /** @param failoverTimeout how old the watermark may be before anybody wonders */
    StandbyMonitor(StandbyRegistry standbyRegistry, KafkaProbe kafkaProbe, Duration failoverTimeout) {
        this.standbyRegistry = standbyRegistry;
        this.kafkaProbe = kafkaProbe;
        this.failoverTimeout = failoverTimeout;
    }

    /** This relay gave the slot back because Kafka did not answer it. */
    void steppedDown() {
        kafkaUnverified = true;
        nextProbe = System.nanoTime();
    }

    /** Whether a free slot may be taken. Not by whoever has just given it back: the other one has to have the time to take it. */
    boolean mayLead() throws InterruptedException {
        if (kafkaUnverified && isProbeDue()) {
            kafkaUnverified = !kafkaProbe.isReachable();
        }
        return !kafkaUnverified;
    }

    /** Somebody else has the slot, and the watermark is this old. */
    void standBy(Connection connection, Duration age) throws SQLException, InterruptedException {
        if (age.compareTo(failoverTimeout) <= 0) {
            announce(connection, false);
        } else if (isProbeDue()) {
            boolean answers = kafkaProbe.isReachable();
            kafkaUnverified = kafkaUnverified && !answers;
            announce(connection, answers);
        }
    }

    private void announce(Connection connection, boolean ready) throws SQLException {
        if (ready || announcedReady) {
            standbyRegistry.setReady(connection, ready);
            announcedReady = ready;
        }
    }

    private boolean isProbeDue() {
        long now = System.nanoTime();
        if (now - nextProbe < 0) {
            return false;
        }
        nextProbe = now + PROBE_INTERVAL;
        return true;
    }
}
