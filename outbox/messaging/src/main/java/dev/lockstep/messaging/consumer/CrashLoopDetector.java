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
 * Finds the record that kills the process. A batch that was begun before and not finished may hold it, so the records of that
 * batch are delivered one by one until all are through, and of all partitions only one record at a time: whatever is not in hand
 * when the process dies is not to blame. The deadly record is then the one that was begun again and again.
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
     * A partition whose batch was begun before.
     *
     * @param until the offset up to which its records are delivered one by one
     * @param starts how often the record that is next was begun
     */
    private record SuspectBatch(long until, int starts) {}

    /** Takes note of how often the batches were begun that these records begin. */
    void recordStarts(ConsumerRecords<byte[], byte[]> polled, Map<TopicPartition, Integer> starts) {
        starts.forEach((partition, begun) -> {
            SuspectBatch known = suspects.get(partition);
            if (known != null || begun > 1) {
                long last = polled.records(partition).getLast().offset();
                // What was known of a record that is through says nothing of the one behind it.
                suspects.put(partition, new SuspectBatch(known == null || begun > 1 ? last : known.until(), begun));
            }
        });
    }

    /** The partition whose first record is to be handled now, and nothing else; null if all that was polled may be. */
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

    /** What of the polled records to handle now. */
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
     * What of the polled records is still to be handled.
     *
     * @param next where each partition is to be read on
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

    /** Whether nothing of this partition is held back. */
    boolean isCleared(TopicPartition partition) {
        return !suspects.containsKey(partition);
    }

    /** The partition is somebody else's now. */
    void forget(TopicPartition partition) {
        suspects.remove(partition);
    }
}
