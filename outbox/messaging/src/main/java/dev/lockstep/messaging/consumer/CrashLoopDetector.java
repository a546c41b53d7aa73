package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.delivery.CountedRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Finds the record that crashes the process. A batch that was started before and not finished may contain that record. Its records are
 * therefore delivered one at a time until all are handled, and no record of another partition is in flight meanwhile: a record that is not
 * in flight cannot have caused the crash. The record that crashes the process is then the one that was started repeatedly.
 */
final class CrashLoopDetector {
    private static final Comparator<Map.Entry<TopicPartition, SuspectBatch>> MOST_STARTS_FIRST =
            Comparator.comparingInt((Map.Entry<TopicPartition, SuspectBatch> each) ->
                            each.getValue().starts())
                    .reversed()
                    .thenComparing(each -> each.getKey().topic())
                    .thenComparingInt(each -> each.getKey().partition());

    private final Map<TopicPartition, SuspectBatch> suspects = new HashMap<>();

    /**
     * A partition whose batch was started before.
     *
     * @param until the offset up to which its records are delivered one at a time
     * @param starts how often the next record was started
     */
    private record SuspectBatch(long until, int starts) {}

    /** Records how often the batches that begin with these records were started. */
    void recordStarts(ConsumerRecords<byte[], byte[]> polled, Map<TopicPartition, Integer> starts) {
        starts.forEach((partition, begun) -> {
            SuspectBatch known = suspects.get(partition);
            if (known != null || begun > 1) {
                long last = polled.records(partition).getLast().offset();
                // The starts of a finished record say nothing about the record behind it.
                suspects.put(partition, new SuspectBatch(known == null || begun > 1 ? last : known.until(), begun));
            }
        });
    }

    /**
     * Returns the partition whose first record must be handled now, with no other record in flight. Null if all polled records may be
     * handled.
     */
    @Nullable
    TopicPartition partitionToIsolate(ConsumerRecords<byte[], byte[]> polled) {
        for (TopicPartition partition : polled.partitions()) {
            SuspectBatch suspect = suspects.get(partition);
            if (suspect != null && polled.records(partition).getFirst().offset() > suspect.until()) {
                suspects.remove(partition);
            }
        }
        return suspects.entrySet().stream()
                .filter(each -> polled.partitions().contains(each.getKey()))
                .min(MOST_STARTS_FIRST)
                .map(Map.Entry::getKey)
                .orElse(null);
    }

    /** Selects the polled records that are to be handled now. */
    static List<CountedRecord> selectRecords(
            ConsumerRecords<byte[], byte[]> polled,
            Map<TopicPartition, Integer> starts,
            @Nullable TopicPartition alone) {
        if (alone != null) {
            return List.of(new CountedRecord(polled.records(alone).getFirst(), starts.getOrDefault(alone, 1)));
        }
        List<CountedRecord> selected = new ArrayList<>(polled.count());
        for (TopicPartition partition : polled.partitions()) {
            List<ConsumerRecord<byte[], byte[]>> records = polled.records(partition);
            selected.add(new CountedRecord(records.getFirst(), starts.getOrDefault(partition, 1)));
            records.stream().skip(1).map(each -> new CountedRecord(each, 1)).forEach(selected::add);
        }
        return selected;
    }

    /**
     * Returns the polled records that are still to be handled.
     *
     * @param next the next offset of each partition
     */
    static ConsumerRecords<byte[], byte[]> remaining(
            ConsumerRecords<byte[], byte[]> polled, Map<TopicPartition, Long> next) {
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> left = new HashMap<>();
        for (TopicPartition partition : polled.partitions()) {
            long offset = next.getOrDefault(partition, 0L);
            List<ConsumerRecord<byte[], byte[]>> behind = polled.records(partition).stream()
                    .filter(each -> each.offset() >= offset)
                    .toList();
            if (!behind.isEmpty()) {
                left.put(partition, behind);
            }
        }
        return new ConsumerRecords<>(left, Map.of());
    }

    /** Whether no records of this partition are held back. */
    boolean isCleared(TopicPartition partition) {
        return !suspects.containsKey(partition);
    }

    /** Removes a partition that another member may own now. */
    void forget(TopicPartition partition) {
        suspects.remove(partition);
    }
}
