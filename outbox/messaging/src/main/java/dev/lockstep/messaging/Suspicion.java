package dev.lockstep.messaging;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;

/**
 * Finds the record that kills the process. A batch that was begun before and not finished holds it, so the records of that
 * batch are delivered one by one until all are through; the deadly one is then the one that was begun again and again.
 */
final class Suspicion {
    private final Map<TopicPartition, Long> oneByOneUntil = new HashMap<>();

    /** What of the polled records to handle now: everything, but of a partition under suspicion only the first. */
    List<Delivery> select(ConsumerRecords<byte[], byte[]> polled, Map<TopicPartition, Integer> starts) {
        List<Delivery> selected = new ArrayList<>(polled.count());
        for (TopicPartition partition : polled.partitions()) {
            List<ConsumerRecord<byte[], byte[]>> records = polled.records(partition);
            int begun = starts.getOrDefault(partition, 1);
            if (begun > 1) {
                oneByOneUntil.merge(partition, records.getLast().offset(), Math::max);
            }
            selected.add(new Delivery(records.getFirst(), begun));
            if (!isSuspect(partition, records.getFirst().offset())) {
                records.stream().skip(1).map(each -> new Delivery(each, 1)).forEach(selected::add);
            }
        }
        return selected;
    }

    boolean isAny() {
        return !oneByOneUntil.isEmpty();
    }

    /** Whether nothing of this partition is held back. */
    boolean isOver(TopicPartition partition) {
        return !oneByOneUntil.containsKey(partition);
    }

    /** The partition is somebody else's now. */
    void forget(TopicPartition partition) {
        oneByOneUntil.remove(partition);
    }

    private boolean isSuspect(TopicPartition partition, long offset) {
        Long last = oneByOneUntil.get(partition);
        if (last == null) {
            return false;
        }
        if (offset > last) {
            oneByOneUntil.remove(partition);
            return false;
        }
        return true;
    }
}
