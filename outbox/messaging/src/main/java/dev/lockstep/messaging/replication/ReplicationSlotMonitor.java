package dev.lockstep.messaging.replication;

import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.schedule.PeriodicTask;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Monitors the replication slot of a service's database, wherever its relay runs. When the WAL that the slot retains endangers the disk,
 * the monitor first reports a warning and then has new work refused. It never changes the slot.
 */
public final class ReplicationSlotMonitor {
    private static final Logger LOGGER = LoggerFactory.getLogger(ReplicationSlotMonitor.class);
    private static final Duration INTERVAL = Duration.ofSeconds(2);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private final Pool pool;
    private final String slot;
    private final SlotLimits limits;
    private final PeriodicTask refreshes;
    private volatile SlotAlertLevel alertLevel = SlotAlertLevel.OK;
    private volatile @Nullable SlotState state;

    /**
     * @param pool the caller closes it, after {@link #stop}
     * @param slot a slot that does not exist is not a problem here, because the outbox may be relayed in another way
     */
    public ReplicationSlotMonitor(Vertx vertx, Pool pool, String slot, SlotLimits limits, MeterRegistry meters) {
        this.pool = pool;
        this.slot = slot;
        this.limits = limits;
        this.refreshes = new PeriodicTask(vertx, "reading the state of slot " + slot, INTERVAL, this::refresh);
        gauge(meters, "retained.bytes", "WAL that Postgres keeps for the slot", SlotState::retainedBytes);
        for (String status : SlotState.WAL_STATUSES) {
            gauge(
                    meters,
                    "wal.status",
                    "1 for the wal_status that pg_replication_slots shows, 0 for the others",
                    known -> status.equals(known.walStatus()) ? 1 : 0,
                    "status",
                    status);
        }
        gauge(
                meters,
                "safe.bytes",
                "WAL that may still be written before Postgres invalidates the slot; NaN if it never does",
                known -> known.safeBytes().isPresent() ? known.safeBytes().getAsLong() : Double.NaN);
        gauge(
                meters,
                "inactive.seconds",
                "how long the slot has had no reader",
                known -> known.inactive().toSeconds());
        Gauge.builder("lockstep.slot.step", this, monitor -> monitor.alertLevel.metricValue())
                .description("0 OK, 1 warning, 2 new work is refused, 3 the slot is lost")
                .tag("slot", slot)
                .register(meters);
    }

    /** Completes after the first read of the slot, whether it succeeded or failed; the slot is then read every two seconds. */
    public Future<Void> start() {
        return refreshes.start().otherwiseEmpty();
    }

    /** Stops reading the slot. Completes once no read is in progress. */
    public Future<Void> stop() {
        return refreshes.stop();
    }

    /** Why the service cannot work, which is the case when the slot is lost; else empty. */
    public Optional<String> problem() {
        SlotState known = state;
        return alertLevel != SlotAlertLevel.LOST || known == null
                ? Optional.empty()
                : Optional.of("slot %s is lost (%s): the missed rows are sent from the table once a relay replaces it"
                        .formatted(known.name(), known.lostBecause()));
    }

    /** Why the slot endangers the service although the service still works; else empty. */
    public Optional<String> warning() {
        SlotState known = state;
        return switch (alertLevel) {
            case OK, LOST -> Optional.empty();
            case WARNING, CRITICAL -> known == null ? Optional.empty() : Optional.of(describe(alertLevel, known));
        };
    }

    /** The answer to requests that bring new work while it is refused, else empty. Reads memory only. */
    public Optional<Problem> refusal() {
        SlotState known = state;
        return alertLevel == SlotAlertLevel.CRITICAL && known != null
                ? Optional.of(Problem.unavailable(describe(alertLevel, known), RETRY_AFTER))
                : Optional.empty();
    }

    private Future<Boolean> refresh() {
        return SlotStateStore.find(pool, slot)
                .onSuccess(found -> found.ifPresentOrElse(this::slotFound, this::slotMissing))
                .map(false);
    }

    private void slotFound(SlotState now) {
        SlotAlertLevel next = alertLevel.next(now, limits);
        state = now;
        if (next != alertLevel) {
            alertLevel = next;
            LOGGER.atLevel(next == SlotAlertLevel.OK ? Level.INFO : Level.WARN)
                    .addKeyValue("slot", slot)
                    .addKeyValue("step", next)
                    .addKeyValue("walStatus", now.walStatus())
                    .log(describe(next, now));
        }
    }

    private void slotMissing() {
        state = null;
        alertLevel = SlotAlertLevel.OK;
    }

    private String describe(SlotAlertLevel reached, SlotState now) {
        String keeps = "replication slot %s keeps %d bytes of WAL%s"
                .formatted(
                        now.name(),
                        now.retainedBytes(),
                        now.isReserved() ? "" : " (wal_status " + now.walStatus() + ")");
        String unread = now.inactive().isZero()
                ? ""
                : ", no reader for %d s".formatted(now.inactive().toSeconds());
        return switch (reached) {
            case OK -> keeps;
            case WARNING ->
                keeps + ", warning from %d bytes%s".formatted(SlotAlertLevel.warnBytes(now, limits), unread);
            case CRITICAL ->
                keeps
                        + ", new work is refused from %d bytes%s"
                                .formatted(SlotAlertLevel.refuseBytes(now, limits), unread);
            case LOST -> "replication slot %s is lost (%s)".formatted(now.name(), now.lostBecause());
        };
    }

    private void gauge(
            MeterRegistry meters, String name, String description, ToDoubleFunction<SlotState> value, String... tags) {
        Gauge.builder("lockstep.slot." + name, this, monitor -> {
                    SlotState known = monitor.state;
                    return known == null ? Double.NaN : value.applyAsDouble(known);
                })
                .description(description)
                .tag("slot", slot)
                .tags(tags)
                .register(meters);
    }
}
