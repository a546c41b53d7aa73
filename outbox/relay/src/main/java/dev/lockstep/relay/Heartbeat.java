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
 * Writes a heartbeat now and then and has the watermark moved when one has come through the slot and Kafka. Runs on an own thread
 * with an own connection while this relay leads; it never touches the rows themselves.
 */
final class Heartbeat implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Heartbeat.class);
    private static final Duration SLOT_CHECK = Duration.ofSeconds(1);
    // Postgres gives a statement up before the connection is, or it would go on with what nobody waits for.
    private static final Duration GRACE = Duration.ofSeconds(10);
    private static final Duration RECONNECT = Duration.ofMillis(500);

    private final RelayDatabase database;
    private final WatermarkStore watermark;
    private final SlotKeeper keeper;
    private final HeartbeatTopic topic;
    private final RelayHealth health;
    private final RelayMetrics metrics;
    private final Duration interval;
    private final Reconciler reconciler;
    private final Checks checks;
    private final StepLimit limit = new StepLimit();
    private final AtomicReference<@Nullable Beat> acknowledged = new AtomicReference<>();
    private final Thread thread;

    private volatile boolean closed;
    private long nextBeat = System.nanoTime();
    private long nextSlotCheck = System.nanoTime();

    /** What is looked at along with the heartbeats, on their thread. */
    interface Checks {
        /**
         * Comes before every beat.
         *
         * @param late how much later than planned the beat is. One that is very late says nothing about the engine, since nothing was
         *     written that it could have delivered
         */
        void beforeBeat(Duration late);

        /** Comes every second, whatever the heartbeats do. */
        void slot(Connection connection, Optional<SlotState> slot) throws SQLException;
    }

    Heartbeat(
            RelayConfig config,
            RelayDatabase database,
            SlotKeeper keeper,
            WatermarkStore watermark,
            HeartbeatTopic topic,
            RelayHealth health,
            RelayMetrics metrics,
            Reconciler reconciler,
            Checks checks) {
        this.database = database;
        this.watermark = watermark;
        this.keeper = keeper;
        this.topic = topic;
        this.health = health;
        this.metrics = metrics;
        this.interval = config.heartbeatInterval();
        this.reconciler = reconciler;
        this.checks = checks;
        this.thread = Thread.ofPlatform()
                .daemon()
                .name("relay-heartbeat-" + config.database())
                .unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Kafka has this beat, and so has every row that committed before it. Returns at once. */
    void acknowledged(Beat beat) {
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
                bound(connection);
                watermark.prepareForBeats(connection);
                while (!closed) {
                    step(connection);
                }
            } catch (RelayException cause) {
                // The sender is closed or refused a row, so the engine ends as well.
                health.troubled(RelayException.reason(cause));
                LockSupport.parkNanos(RECONNECT.toNanos());
            } catch (SQLException cause) {
                Duration given = limit.now();
                if (limit.exceededBy(cause)) {
                    LOGGER.atWarn()
                            .addKeyValue("seconds", given.toSeconds())
                            .log("the watermark could not be moved in time, the next attempt gets twice the time");
                }
                health.troubled("no heartbeat could be written: " + RelayException.reason(cause));
                LockSupport.parkNanos(RECONNECT.toNanos());
            } catch (RuntimeException cause) {
                // Without this thread a stalled engine would never be replaced.
                LOGGER.atError().setCause(cause).log("heartbeats failed unexpectedly, the relay goes on with them");
                health.troubled("no heartbeat could be written: " + cause);
                LockSupport.parkNanos(RECONNECT.toNanos());
            } catch (InterruptedException cause) {
                return;
            }
        }
    }

    private void bound(Connection connection) throws SQLException {
        connection.setNetworkTimeout(
                Runnable::run, Math.toIntExact(limit.now().plus(GRACE).toMillis()));
        watermark.limitStatements(connection, limit.now());
    }

    private void step(Connection connection) throws SQLException, InterruptedException {
        long now = System.nanoTime();
        beatIfDue(connection, now);
        if (now - nextSlotCheck >= 0) {
            nextSlotCheck = now + SLOT_CHECK.toNanos();
            Optional<SlotState> slot = keeper.state(connection);
            slot.ifPresent(state -> metrics.retained(state.retainedBytes()));
            checks.slot(connection, slot);
        }
        Beat beat = acknowledged.getAndSet(null);
        if (beat != null) {
            reconciler.reconcile(connection, beat, () -> goOnBeating(connection));
            health.watermarkMoved(Duration.ZERO);
            if (limit.kept()) {
                bound(connection);
            }
            return;
        }
        LockSupport.parkNanos(Math.clamp(nextBeat - System.nanoTime(), 0, TimeUnit.SECONDS.toNanos(1)));
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    private void beatIfDue(Connection connection, long now) throws SQLException, InterruptedException {
        if (now - nextBeat >= 0) {
            checks.beforeBeat(Duration.ofNanos(now - nextBeat));
            nextBeat = now + interval.toNanos();
            topic.settle();
            topic.problem().ifPresent(health::troubled);
            watermark.beat(connection);
        }
    }

    // Rows flow while others are sent again, and whoever asks is to know.
    private void goOnBeating(Connection connection) throws SQLException, InterruptedException {
        beatIfDue(connection, System.nanoTime());
        if (acknowledged.get() != null) {
            watermark.touch(connection);
            health.watermarkMoved(Duration.ZERO);
        }
    }
}
