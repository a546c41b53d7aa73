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
 * Ends a leader session whose Kafka does not answer, if Kafka answers a standby. If it answers neither, or no relay stands by, nothing
 * would be gained and the session keeps waiting. It also ends a session whose clock was set back. It has a thread of its own, because all
 * other threads of the session may be waiting for Kafka.
 */
final class Watchdog implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Watchdog.class);
    private static final long CHECK_INTERVAL_MILLIS = 500;

    private final RelayDatabase database;
    private final StandbyRegistry standbyRegistry;
    private final KafkaProbe kafkaProbe;
    private final Supplier<Duration> stalledFor;
    private final Duration failoverTimeout;
    private final Runnable endSession;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread;
    private final ClockSetBackDetector clock = new ClockSetBackDetector();

    private volatile @Nullable SessionEnd sessionEnd;

    /**
     * @param stalledFor how long Kafka has acknowledged nothing although a record waits
     * @param endSession ends the leader session
     */
    Watchdog(
            RelayConfig config,
            RelayDatabase database,
            StandbyRegistry standbyRegistry,
            KafkaProbe kafkaProbe,
            Supplier<Duration> stalledFor,
            Runnable endSession) {
        this.database = database;
        this.standbyRegistry = standbyRegistry;
        this.kafkaProbe = kafkaProbe;
        this.stalledFor = stalledFor;
        this.failoverTimeout = config.failoverTimeout();
        this.endSession = endSession;
        this.thread = Thread.ofPlatform()
                .daemon()
                .name("relay-watchdog-" + config.database())
                .unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Returns why the watchdog ended the session, or null if it did not. */
    @Nullable
    SessionEnd sessionEnd() {
        return sessionEnd;
    }

    @Override
    public void close() {
        closed.countDown();
    }

    private void run() {
        try {
            while (sessionEnd == null && !closed.await(CHECK_INTERVAL_MILLIS, TimeUnit.MILLISECONDS)) {
                check();
            }
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    private void check() throws InterruptedException {
        try {
            if (clock.wasSetBack()) {
                end(SessionEnd.CLOCK_SET_BACK);
                return;
            }
            Duration waited = stalledFor.get();
            // Checks for a standby first, because there rarely is one that is ready. Then asks the cluster rather than
            // a topic, because a topic that is missing for this relay is missing for the standby too.
            if (waited.compareTo(failoverTimeout) > 0
                    && isAnyReady()
                    && !kafkaProbe.isReachable()
                    && closed.getCount() > 0) {
                LOGGER.atWarn()
                        .addKeyValue("seconds", waited.toSeconds())
                        .log("Kafka answers another relay but not this one, the relay steps down");
                end(SessionEnd.STEPPED_DOWN);
            }
        } catch (RuntimeException cause) {
            LOGGER.atError().setCause(cause).log("watchdog check failed unexpectedly, retrying");
        }
    }

    private void end(SessionEnd reason) {
        sessionEnd = reason;
        endSession.run();
    }

    private boolean isAnyReady() {
        try (Connection connection = database.connect("watchdog")) {
            return standbyRegistry.isAnyReady(connection);
        } catch (SQLException cause) {
            LOGGER.atDebug().setCause(cause).log("standbys cannot be read");
            return false;
        }
    }
}
