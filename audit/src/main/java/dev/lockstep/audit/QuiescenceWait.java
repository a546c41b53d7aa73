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

/** Waits until all work that existed at the start has completed: orders, sagas, outbox rows, parked messages and consumer lag. */
final class QuiescenceWait {
    private static final Duration INTERVAL = Duration.ofMillis(250);

    private final AuditPlan plan;
    private final KafkaReader kafka;
    private final long startedAt;
    private final Map<String, Map<TopicPartition, Long>> ends = new HashMap<>();
    private final Map<String, Long> lag = new TreeMap<>();
    private long pending;

    QuiescenceWait(AuditPlan plan, KafkaReader kafka) {
        this.plan = plan;
        this.kafka = kafka;
        // The earliest of the databases' clocks, so that judged work existed by every database's clock.
        this.startedAt = plan.sources().databases().values().stream()
                .mapToLong(address -> {
                    try (SnapshotStore database = SnapshotStore.open(address)) {
                        return PendingWorkStore.now(database);
                    }
                })
                .min()
                .orElseThrow();
        for (ServiceRole role : ServiceRole.values()) {
            List<TopicPartition> partitions = kafka.partitions(role.consumedTopics());
            ends.put(role.group(), kafka.endOffsets(partitions));
        }
    }

    /** Returns as soon as nothing is left, or after the time limit of the plan. */
    void await() {
        long limit = System.nanoTime() + plan.settle().toNanos();
        while (!isQuiescent() && System.nanoTime() < limit) {
            pause();
        }
    }

    long startedAt() {
        return startedAt;
    }

    /** The lag of the consumer groups at the last poll, by group and topic. */
    Map<String, Long> lag() {
        return lag;
    }

    private boolean isQuiescent() {
        pending = 0;
        plan.sources().databases().forEach((role, address) -> {
            try (SnapshotStore database = SnapshotStore.open(address)) {
                pending += PendingWorkStore.countPending(database, role, startedAt);
            }
        });
        lag.clear();
        for (ServiceRole role : new EnumMap<>(plan.sources().databases()).keySet()) {
            kafka.lag(role.group(), Objects.requireNonNull(ends.get(role.group())))
                    .forEach((partition, records) ->
                            lag.merge(role.group() + " on " + partition.topic(), records, Long::sum));
        }
        return pending == 0 && lag.isEmpty();
    }

    private static void pause() {
        try {
            // The latch is never counted down; await serves as an interruptible sleep.
            if (new CountDownLatch(1).await(INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException();
            }
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new AuditException("the audit was interrupted", cause);
        }
    }
}
