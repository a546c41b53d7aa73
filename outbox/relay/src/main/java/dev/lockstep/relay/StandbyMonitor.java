package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Lets a relay that does not lead announce that it can reach Kafka, so that a leader that cannot reach Kafka may hand over to it. Used by
 * the supervisor's thread only.
 *
 * <pre>
 *     stands by ──watermark is old──▶ asks Kafka ──answers──▶ announces it   the leader's Watchdog reads it and steps down
 *     stepped down ──slot is free──▶ asks Kafka ──answers──▶ leads again, unless another relay was faster
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

    /** @param failoverTimeout how old the watermark may be before a standby asks Kafka */
    StandbyMonitor(StandbyRegistry standbyRegistry, KafkaProbe kafkaProbe, Duration failoverTimeout) {
        this.standbyRegistry = standbyRegistry;
        this.kafkaProbe = kafkaProbe;
        this.failoverTimeout = failoverTimeout;
    }

    /** Records that this relay released the slot because Kafka did not answer it. */
    void steppedDown() {
        kafkaUnverified = true;
        nextProbe = System.nanoTime();
    }

    /**
     * Whether this relay may take a free slot. After it stepped down it may not until Kafka answers it, so that the other relay has time to
     * take the slot.
     */
    boolean mayLead() throws InterruptedException {
        if (kafkaUnverified && isProbeDue()) {
            kafkaUnverified = !kafkaProbe.isReachable();
        }
        return !kafkaUnverified;
    }

    /**
     * Called while another relay holds the slot.
     *
     * @param age the age of the watermark
     */
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
