package dev.lockstep.audit;

import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.TopicPartition;

/** Waits until what was there when it began has come to its end: orders, sagas, outbox rows, parked messages, consumers' lag. */
final class Settling {
    private static final Duration INTERVAL = Duration.ofMillis(250);

    private final AuditPlan plan;
    private final KafkaLog kafka;
    private final long begun;
    private final Map<String, Map<TopicPartition, Long>> ends = new HashMap<>();
    private final Map<String, Long> lag = new TreeMap<>();
    private long underWay;

    Settling(AuditPlan plan, KafkaLog kafka) {
        this.plan = plan;
        this.kafka = kafka;
        // The oldest of the databases' clocks: what is judged must have been there for all of them.
        this.begun = plan.databases().values().stream()
                .mapToLong(address -> {
                    try (SnapshotStore database = SnapshotStore.open(address)) {
                        return ProgressStore.now(database);
                    }
                })
                .min()
                .orElseThrow();
        for (Party party : Party.values()) {
            List<TopicPartition> partitions = kafka.partitions(party.reads());
            ends.put(party.group(), kafka.ends(partitions));
        }
    }

    /** Returns as soon as nothing is left, or when the time is over. */
    void await() {
        long limit = System.nanoTime() + plan.settle().toNanos();
        while (!isSettled() && System.nanoTime() < limit) {
            pause();
        }
    }

    long begun() {
        return begun;
    }

    /** What the consumer groups had left to read at the last look, by group and topic. */
    Map<String, Long> lag() {
        return lag;
    }

    private boolean isSettled() {
        underWay = 0;
        plan.databases().forEach((party, address) -> {
            try (SnapshotStore database = SnapshotStore.open(address)) {
                underWay += ProgressStore.underWay(database, party, begun);
            }
        });
        lag.clear();
        for (Party party : new EnumMap<>(plan.databases()).keySet()) {
            kafka.lag(party.group(), Objects.requireNonNull(ends.get(party.group())))
                    .forEach((partition, records) ->
                            lag.merge(party.group() + " on " + partition.topic(), records, Long::sum));
        }
        return underWay == 0 && lag.isEmpty();
    }

    private static void pause() {
        try {
            // Nobody ever counts it down: a wait that can be interrupted.
            if (new CountDownLatch(1).await(INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException();
            }
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new AuditException("the audit was interrupted", cause);
        }
    }
}
