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
final class Succession {
    private static final long ASK_EVERY = Duration.ofSeconds(2).toNanos();

    private final StandbyStore standby;
    private final KafkaProbe kafka;
    private final Duration patience;

    private boolean saidReady;
    private boolean doubtful;
    private long nextAsk = System.nanoTime();

    /** @param patience how old the watermark may be before anybody wonders */
    Succession(StandbyStore standby, KafkaProbe kafka, Duration patience) {
        this.standby = standby;
        this.kafka = kafka;
        this.patience = patience;
    }

    /** This relay gave the slot back because Kafka did not answer it. */
    void steppedDown() {
        doubtful = true;
        nextAsk = System.nanoTime();
    }

    /** Whether a free slot may be taken. Not by whoever has just given it back: the other one has to have the time to take it. */
    boolean mayLead() throws InterruptedException {
        if (doubtful && isTimeToAsk()) {
            doubtful = !kafka.answers();
        }
        return !doubtful;
    }

    /** Somebody else has the slot, and the watermark is this old. */
    void standBy(Connection connection, Duration age) throws SQLException, InterruptedException {
        if (age.compareTo(patience) <= 0) {
            say(connection, false);
        } else if (isTimeToAsk()) {
            boolean answers = kafka.answers();
            doubtful = doubtful && !answers;
            say(connection, answers);
        }
    }

    private void say(Connection connection, boolean ready) throws SQLException {
        if (ready || saidReady) {
            standby.say(connection, ready);
            saidReady = ready;
        }
    }

    private boolean isTimeToAsk() {
        long now = System.nanoTime();
        if (now - nextAsk < 0) {
            return false;
        }
        nextAsk = now + ASK_EVERY;
        return true;
    }
}
