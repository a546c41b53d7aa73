package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a term that Kafka does not answer, if it answers a relay that waits. If it answers neither, or nobody waits, there is nothing to
 * gain, and the term goes on waiting. Ends one, too, whose clock was set back. Has a thread of its own, because all others of the term
 * may be waiting for Kafka.
 */
final class Watchdog implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Watchdog.class);
    private static final long LOOK_EVERY_MILLIS = 500;

    private final RelayDatabase database;
    private final StandbyStore standby;
    private final KafkaProbe kafka;
    private final Supplier<Duration> unanswered;
    private final Duration patience;
    private final Runnable end;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread;

    private long lastSeen = System.currentTimeMillis();
    private volatile @Nullable Ending ending;

    /**
     * @param unanswered for how long Kafka has not acknowledged anything, though something waits
     * @param end ends the term
     */
    Watchdog(
            RelayConfig config,
            RelayDatabase database,
            StandbyStore standby,
            KafkaProbe kafka,
            Supplier<Duration> unanswered,
            Runnable end) {
        this.database = database;
        this.standby = standby;
        this.kafka = kafka;
        this.unanswered = unanswered;
        this.patience = config.patience();
        this.end = end;
        this.thread = Thread.ofPlatform()
                .daemon()
                .name("relay-watchdog-" + config.database())
                .unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Why it has ended the term, if it has. */
    @Nullable
    Ending ending() {
        return ending;
    }

    @Override
    public void close() {
        closed.countDown();
    }

    private void run() {
        try {
            while (ending == null && !closed.await(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS)) {
                look();
            }
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    private void look() throws InterruptedException {
        try {
            if (isSetBack()) {
                end(Ending.CLOCK_SET_BACK);
                return;
            }
            Duration waited = unanswered.get();
            // The other one first, who is seldom there. And Kafka itself, as a topic that is missing here is missing
            // there.
            if (waited.compareTo(patience) > 0 && isAnyReady() && !kafka.answers() && closed.getCount() > 0) {
                LOGGER.atWarn()
                        .addKeyValue("seconds", waited.toSeconds())
                        .log("Kafka answers another relay and not this one, which steps down");
                end(Ending.STEPPED_DOWN);
            }
        } catch (RuntimeException cause) {
            LOGGER.atError().setCause(cause).log("a look at the relay failed unexpectedly, the next one is due soon");
        }
    }

    private void end(Ending reason) {
        ending = reason;
        end.run();
    }

    // The producer and the engine measure their waits by the time of day: they would neither connect again nor confirm
    // anything until it has come round.
    private boolean isSetBack() {
        long before = lastSeen;
        lastSeen = System.currentTimeMillis();
        return lastSeen < before;
    }

    private boolean isAnyReady() {
        try (Connection connection = database.connect("watchdog")) {
            return standby.isAnyReady(connection);
        } catch (SQLException cause) {
            LOGGER.atDebug().setCause(cause).log("nobody knows whether another relay waits");
            return false;
        }
    }
}
