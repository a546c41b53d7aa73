package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.consumer.BrokerOffsets.PartitionLog;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures for each topic how many records the whole group has not committed, whichever member owns the partitions. A separate thread asks
 * the broker every two seconds, so that the lag is measured even while the consumer is stuck.
 */
final class ConsumerLag implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(ConsumerLag.class);
    private static final Duration INTERVAL = Duration.ofSeconds(2);
    private static final Duration UNREAD_AFTER = Duration.ofSeconds(10);
    private static final Duration UNKNOWN_AFTER = Duration.ofSeconds(15);
    private static final int MAX_NAMED = 3;

    private final ConsumerOptions options;
    private final BrokerOffsets broker;
    private final MeterRegistry meters;
    private final List<Meter> gauges = new ArrayList<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread;

    // Confined to the measuring thread.
    private final Map<TopicPartition, CommittedSince> committedSince = new HashMap<>();

    private volatile Map<TopicPartition, PartitionLog> logs = Map.of();
    private volatile List<UnreadPartition> unread = List.of();
    private volatile long measuredAt = System.nanoTime();

    ConsumerLag(ConsumerOptions options, BrokerOffsets broker, MeterRegistry meters) {
        this.options = options;
        this.broker = broker;
        this.meters = meters;
        this.thread = Thread.ofPlatform()
                .name("consumer-lag-" + options.group())
                .daemon()
                .unstarted(this::run);
        for (String topic : options.topics()) {
            gauges.add(Gauge.builder("lockstep.consumer.lag", this, lag -> lag.lagOf(topic))
                    .description("records of the topic that the group has not committed, on all partitions")
                    .tags("group", options.group(), "topic", topic)
                    .register(meters));
        }
        gauges.add(Gauge.builder("lockstep.consumer.unread.partitions", this, lag -> lag.unread.size())
                .description("partitions with records of which the group has committed none for 10 s")
                .tags("group", options.group())
                .register(meters));
    }

    /** The committed offset of a partition, and since when it has not changed. */
    private record CommittedSince(@Nullable Long committed, long since) {}

    /**
     * A partition that has records and is not being read.
     *
     * @param behindOpenTransaction whether an open transaction keeps its records from being read
     */
    private record UnreadPartition(
            TopicPartition partition, PartitionLog log, long since, boolean behindOpenTransaction) {
        String describe() {
            return "%s (lag %d from offset %d, for %d s%s)"
                    .formatted(
                            partition,
                            log.lag(),
                            log.committed() == null ? log.begin() : log.committed(),
                            TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - since),
                            behindOpenTransaction ? ", behind an open transaction" : "");
        }
    }

    void start() {
        thread.start();
    }

    /** Returns the latest measurement of every partition of the topics. */
    Map<TopicPartition, PartitionLog> logs() {
        return logs;
    }

    /** Returns in one sentence which partitions or topics are not being read, or that the lag is unknown. Empty if all are being read. */
    Optional<String> warning() {
        long silence = System.nanoTime() - measuredAt;
        if (silence > UNKNOWN_AFTER.toNanos()) {
            return Optional.of("%s cannot measure its lag: Kafka has returned no offsets for %d s"
                    .formatted(options.group(), TimeUnit.NANOSECONDS.toSeconds(silence)));
        }
        List<UnreadPartition> now = unread;
        if (!now.isEmpty()) {
            String named = String.join(
                    ", ",
                    now.stream().limit(MAX_NAMED).map(UnreadPartition::describe).toList());
            return Optional.of("%s does not read %d partition%s: %s%s"
                    .formatted(
                            options.group(),
                            now.size(),
                            now.size() == 1 ? "" : "s",
                            named,
                            now.size() > MAX_NAMED ? ", ..." : ""));
        }
        Map<TopicPartition, PartitionLog> known = logs;
        TreeSet<String> missing = new TreeSet<>(options.topics());
        known.keySet().forEach(partition -> missing.remove(partition.topic()));
        return known.isEmpty() || missing.isEmpty()
                ? Optional.empty()
                : Optional.of(options.group() + " reads topics that do not exist: " + String.join(", ", missing));
    }

    private double lagOf(String topic) {
        long sum = 0;
        boolean known = false;
        for (Map.Entry<TopicPartition, PartitionLog> each : logs.entrySet()) {
            if (each.getKey().topic().equals(topic)) {
                sum += each.getValue().lag();
                known = true;
            }
        }
        return known ? sum : Double.NaN;
    }

    private void run() {
        try {
            do {
                measure();
            } while (!closed.await(INTERVAL.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        }
    }

    private void measure() throws InterruptedException {
        try {
            Map<TopicPartition, PartitionLog> read = broker.read(options.topics());
            List<UnreadPartition> found = findUnread(read);
            logs = Map.copyOf(read);
            unread = found;
            measuredAt = System.nanoTime();
        } catch (RuntimeException failure) {
            // The next measurement may succeed, whatever the cause of this failure.
            LOGGER.atDebug()
                    .addKeyValue("service", options.group())
                    .addKeyValue("error", String.valueOf(failure))
                    .log("failed to measure the lag");
        }
    }

    private List<UnreadPartition> findUnread(Map<TopicPartition, PartitionLog> read) throws InterruptedException {
        long now = System.nanoTime();
        committedSince.keySet().retainAll(read.keySet());
        List<UnreadPartition> found = new ArrayList<>();
        for (Map.Entry<TopicPartition, PartitionLog> each : read.entrySet()) {
            TopicPartition partition = each.getKey();
            PartitionLog log = each.getValue();
            if (log.lag() == 0) {
                committedSince.remove(partition);
                continue;
            }
            CommittedSince known = committedSince.get(partition);
            if (known == null || !Objects.equals(known.committed(), log.committed())) {
                known = new CommittedSince(log.committed(), now);
                committedSince.put(partition, known);
            }
            if (now - known.since() > UNREAD_AFTER.toNanos()) {
                found.add(new UnreadPartition(partition, log, known.since(), false));
            }
        }
        if (found.isEmpty()) {
            return List.of();
        }
        Map<TopicPartition, Long> stable = broker.lastStableOffsets(
                found.stream().map(UnreadPartition::partition).toList());
        return found.stream()
                .map(each -> new UnreadPartition(
                        each.partition(),
                        each.log(),
                        each.since(),
                        isBehindOpenTransaction(each.log(), stable.get(each.partition()))))
                .sorted(Comparator.comparingLong(
                                (UnreadPartition each) -> each.log().lag())
                        .reversed())
                .toList();
    }

    private static boolean isBehindOpenTransaction(PartitionLog log, @Nullable Long stable) {
        long next = log.committed() == null ? log.begin() : log.committed();
        return stable != null && stable < log.end() && next >= stable;
    }

    /** Stops measuring. Does not wait for a measurement in progress. */
    @Override
    public void close() {
        closed.countDown();
        gauges.forEach(meters::remove);
        thread.interrupt();
    }
}
