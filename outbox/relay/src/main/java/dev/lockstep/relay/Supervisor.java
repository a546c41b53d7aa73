package dev.lockstep.relay;

import dev.lockstep.relay.RelayHealth.Role;
import dev.lockstep.relay.SlotStore.SlotState;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits for the slot to be free, leads while it can, and starts over after whatever ended that.
 *
 * <pre>
 *            slot is active elsewhere          slot is free
 * STARTING ──────────────────────────▶ STANDBY ────────────▶ LEADING ──engine ended──╮
 *     ▲ ╰───────────────────────────────────────────────────────▲                    │
 *     ╰───────────────────────────────── backoff ───────────────────────────────────╯
 * </pre>
 */
final class Supervisor {
    private static final Logger LOGGER = LoggerFactory.getLogger(Supervisor.class);
    private static final Duration POLL = Duration.ofMillis(250);
    private static final Duration FIRST_BACKOFF = Duration.ofMillis(500);
    private static final Duration LAST_BACKOFF = Duration.ofSeconds(5);

    private final RelayConfig config;
    private final RelayDatabase database;
    private final SlotKeeper keeper;
    private final SlotStore slots;
    private final WatermarkStore watermark;
    private final RelayHealth health;
    private final RelayMetrics metrics;
    private final CountDownLatch closed = new CountDownLatch(1);

    private Duration backoff = FIRST_BACKOFF;
    private @Nullable Term term;

    Supervisor(
            RelayConfig config,
            RelayDatabase database,
            SlotStore slots,
            WatermarkStore watermark,
            RelayHealth health,
            RelayMetrics metrics) {
        this.config = config;
        this.database = database;
        this.slots = slots;
        this.watermark = watermark;
        this.keeper = new SlotKeeper(config, database, slots, watermark);
        this.health = health;
        this.metrics = metrics;
    }

    /** Returns after {@link #close()}. */
    void run() {
        try {
            while (!isClosed()) {
                if (slotIsFree()) {
                    lead();
                }
            }
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends {@link #run()} and gives the slot back. Bounded. */
    void close() {
        Term current;
        synchronized (this) {
            closed.countDown();
            current = term;
        }
        if (current != null) {
            current.close();
        }
    }

    // True once the slot can be had; false when the wait failed and is to be begun again.
    private boolean slotIsFree() throws InterruptedException {
        try (Connection connection = database.connect("supervisor")) {
            while (!isClosed()) {
                Optional<SlotState> found = slots.state(connection);
                if (found.isEmpty()) {
                    keeper.prepare();
                    continue;
                }
                watermark.age(connection).ifPresent(health::watermarkMoved);
                SlotState slot = found.get();
                Optional<String> unusable = keeper.whyUnusable(slot);
                if (unusable.isPresent()) {
                    health.become(Role.STARTING);
                    health.blocked(unusable.get());
                } else if (slot.active()) {
                    standBy();
                } else {
                    return true;
                }
                // Two that wait must not always try at the same moment.
                pause(POLL.plusMillis(ThreadLocalRandom.current().nextLong(-50, 50)));
            }
            return false;
        } catch (SQLException cause) {
            health.troubled(
                    "Postgres at %s:%d: %s".formatted(config.host(), config.port(), RelayException.reason(cause)));
            backOff();
            return false;
        } catch (RelayException cause) {
            health.blocked(RelayException.reason(cause));
            backOff();
            return false;
        }
    }

    private void standBy() {
        if (health.role() != Role.STANDBY) {
            LOGGER.atInfo().addKeyValue("slot", config.slotName()).log("relay stands by");
        }
        health.become(Role.STANDBY);
        health.flows();
    }

    private void lead() throws InterruptedException {
        Term current = null;
        try {
            current = begin();
            if (current == null) {
                return;
            }
            current.run();
        } catch (RuntimeException cause) {
            String reason = RelayException.reason(cause);
            if (isClosed() || reason.contains("is active for PID")) {
                LOGGER.atDebug()
                        .setCause(cause)
                        .addKeyValue("slot", config.slotName())
                        .log("relay does not lead");
            } else {
                LOGGER.atWarn()
                        .setCause(cause)
                        .addKeyValue("slot", config.slotName())
                        .log("relay stopped leading");
                health.troubled(reason);
            }
        } finally {
            synchronized (this) {
                term = null;
            }
            metrics.leading(false);
        }
        if (current != null && current.hasRelayed()) {
            backoff = FIRST_BACKOFF;
        }
        backOff();
    }

    private synchronized @Nullable Term begin() {
        if (isClosed()) {
            return null;
        }
        LOGGER.atInfo().addKeyValue("slot", config.slotName()).log("slot is free, relay tries to lead");
        term = new Term(config, database, slots, watermark, health, metrics);
        return term;
    }

    private void backOff() throws InterruptedException {
        pause(backoff);
        Duration doubled = backoff.multipliedBy(2);
        backoff = doubled.compareTo(LAST_BACKOFF) < 0 ? doubled : LAST_BACKOFF;
    }

    private void pause(Duration duration) throws InterruptedException {
        closed.await(duration.toMillis(), TimeUnit.MILLISECONDS);
    }

    private boolean isClosed() {
        return closed.getCount() == 0;
    }
}
