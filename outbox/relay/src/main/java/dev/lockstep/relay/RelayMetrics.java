package dev.lockstep.relay;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The relay's metrics. A gauge whose value only the leader has is NaN in other instances. */
final class RelayMetrics implements AutoCloseable {
    private final MeterRegistry registry;
    private final Counter rows;
    private final Counter missing;
    private final Counter corrupted;
    private final Counter resent;
    private final Map<SessionEnd, Counter> restarts = new EnumMap<>(SessionEnd.class);
    private final List<Meter> meters;

    private volatile @Nullable Instant lastCommitted;
    private volatile long retainedBytes = -1;
    private volatile boolean leading;

    /** @param heartbeatAge how long ago Kafka acknowledged a heartbeat, in seconds */
    RelayMetrics(MeterRegistry registry, String database, Supplier<Number> heartbeatAge) {
        this.registry = registry;
        rows = counter("lockstep.relay.rows", "outbox rows that Kafka acknowledged, including repeats", database);
        missing = counter(
                "lockstep.relay.missing.rows",
                "outbox rows that did not come through the slot and were found by the comparison",
                database);
        corrupted = counter(
                "lockstep.relay.corrupted.rows",
                "outbox rows that reached Kafka with a payload other than the table's",
                database);
        resent = counter(
                "lockstep.relay.resent.rows", "outbox rows that were sent from the table after a comparison", database);
        for (SessionEnd ending : SessionEnd.values()) {
            restarts.put(ending, restarts(ending, database));
        }
        meters = new ArrayList<>(restarts.values());
        meters.addAll(List.of(
                rows,
                gauge(
                        "lockstep.relay.heartbeat.age.seconds",
                        "time since Kafka acknowledged a heartbeat of this database",
                        database,
                        heartbeatAge),
                missing,
                corrupted,
                resent,
                gauge(
                        "lockstep.relay.lag.seconds",
                        "age of the newest commit that Kafka acknowledged",
                        database,
                        this::lag),
                gauge(
                        "lockstep.relay.leader",
                        "1 if this relay holds the slot, otherwise 0",
                        database,
                        () -> leading ? 1 : 0),
                gauge(
                        "lockstep.relay.slot.retained.bytes",
                        "WAL that Postgres retains for the slot",
                        database,
                        () -> retainedBytes < 0 ? Double.NaN : retainedBytes)));
    }

    /**
     * Counts rows that Kafka acknowledged.
     *
     * @param committed the newest commit that Kafka acknowledged, or null if it acknowledged none
     */
    void relayed(int count, @Nullable Instant committed) {
        rows.increment(count);
        if (committed != null) {
            lastCommitted = committed;
        }
    }

    void missing(int count) {
        missing.increment(count);
    }

    void corrupted(int count) {
        corrupted.increment(count);
    }

    void resent(int count) {
        resent.increment(count);
    }

    /** Counts a leader session that ended and needs a new engine. */
    void sessionEnded(SessionEnd ending) {
        Objects.requireNonNull(restarts.get(ending)).increment();
    }

    void leading(boolean now) {
        leading = now;
        if (!now) {
            lastCommitted = null;
            retainedBytes = -1;
        }
    }

    void retained(long bytes) {
        retainedBytes = bytes;
    }

    @Override
    public void close() {
        meters.forEach(registry::remove);
    }

    private double lag() {
        Instant last = lastCommitted;
        return last == null
                ? Double.NaN
                : Math.max(0, Duration.between(last, Instant.now()).toMillis() / 1000.0);
    }

    private Counter restarts(SessionEnd ending, String database) {
        return Counter.builder("lockstep.relay.restarts")
                .description("leader sessions that ended without being closed")
                .tag("database", database)
                .tag("cause", ending.tag())
                .register(registry);
    }

    private Counter counter(String name, String description, String database) {
        return Counter.builder(name)
                .description(description)
                .tag("database", database)
                .register(registry);
    }

    private Gauge gauge(String name, String description, String database, Supplier<Number> value) {
        return Gauge.builder(name, value)
                .description(description)
                .tag("database", database)
                .strongReference(true)
                .register(registry);
    }
}
