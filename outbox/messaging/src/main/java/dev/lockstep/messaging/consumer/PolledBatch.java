package dev.lockstep.messaging.consumer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;

/** Polled records and how many of them are applied. The event loop reports what is applied, and the consumer's thread reads it. */
final class PolledBatch {
    private final ConsumerRecords<byte[], byte[]> records;
    private final Map<TopicPartition, Long> next = new ConcurrentHashMap<>();

    PolledBatch(ConsumerRecords<byte[], byte[]> records) {
        this.records = records;
        for (TopicPartition partition : records.partitions()) {
            next.put(partition, records.records(partition).getFirst().offset());
        }
    }

    ConsumerRecords<byte[], byte[]> records() {
        return records;
    }

    boolean isEmpty() {
        return records.isEmpty();
    }

    /** Records that these records are applied. They are the first ones of their partitions that were not applied yet. */
    void applied(List<ConsumerRecord<byte[], byte[]>> done) {
        for (ConsumerRecord<byte[], byte[]> each : done) {
            next.merge(new TopicPartition(each.topic(), each.partition()), each.offset() + 1, Math::max);
        }
    }

    /** Returns the offset behind the last applied record of each partition, or that of its first record if none is applied. */
    Map<TopicPartition, Long> nextOffsets() {
        return Map.copyOf(next);
    }

    /** Returns the next offsets of those partitions that have records left. */
    Map<TopicPartition, Long> nextOffsetsLeft() {
        Map<TopicPartition, Long> left = new HashMap<>(next);
        left.entrySet()
                .removeIf(each -> each.getValue()
                        > records.records(each.getKey()).getLast().offset());
        return left;
    }

    /** Returns the records that are not applied. */
    PolledBatch rest() {
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> left = new HashMap<>();
        nextOffsetsLeft()
                .forEach((partition, offset) -> left.put(
                        partition,
                        records.records(partition).stream()
                                .filter(each -> each.offset() >= offset)
                                .toList()));
        return new PolledBatch(new ConsumerRecords<>(left, Map.of()));
    }
}
