package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.delivery.CountedRecord;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the record that crashes the process. The start of a batch is counted before its records are delivered, and the count is cleared if
 * the process survives a failure of the batch. A batch that was started before may therefore contain the record. Its records are delivered
 * one at a time, and no record of another partition is in flight meanwhile: a record that is not in flight cannot have caused the crash.
 * The record that crashes the process is then the one that was started repeatedly.
 *
 * <p>Only the first batch of a partition after its assignment is counted, because a restarted process resumes there. Its offsets must be
 * committed when its delivery has ended. Confined to the consumer's thread.
 */
final class CrashLoopDetector {
    private static final Logger LOGGER = LoggerFactory.getLogger(CrashLoopDetector.class);
    private static final Comparator<Map.Entry<TopicPartition, SuspectBatch>> MOST_STARTS_FIRST =
            Comparator.comparingInt((Map.Entry<TopicPartition, SuspectBatch> each) ->
                            each.getValue().starts())
                    .reversed()
                    .thenComparing(each -> each.getKey().topic())
                    .thenComparingInt(each -> each.getKey().partition());

    private final StartCounts counts;
    private final Map<TopicPartition, SuspectBatch> suspects = new HashMap<>();
    // Partitions with a batch that was applied since their assignment.
    private final Set<TopicPartition> pastFirstBatch = new HashSet<>();
    // Counted batches that failed, so that this process survived them, and whose counts are not cleared yet.
    private final Map<TopicPartition, Long> survivedStarts = new HashMap<>();

    CrashLoopDetector(StartCounts counts) {
        this.counts = counts;
    }

    /**
     * Counts how often the batch that begins at an offset was started. The counts outlive the process. Each method takes the first offset
     * of each partition's batch, and returns when the counts are stored.
     */
    interface StartCounts {
        /** Counts a start, and returns how often each batch was started, including this time. */
        Map<TopicPartition, Integer> count(Map<TopicPartition, Long> firstOffsets)
                throws ExecutionException, InterruptedException;

        /** Undoes the last start. */
        void undo(Map<TopicPartition, Long> firstOffsets) throws ExecutionException, InterruptedException;

        /** Sets the counts to zero. */
        void clear(Map<TopicPartition, Long> firstOffsets) throws ExecutionException, InterruptedException;
    }

    /**
     * Records to deliver now.
     *
     * @param counted the batches whose start was counted, by the offset of their first record
     */
    record Delivery(List<CountedRecord> records, Map<TopicPartition, Long> counted) {
        Delivery {
            records = List.copyOf(records);
            counted = Map.copyOf(counted);
        }

        /** Whether the offsets must be committed when the delivery has ended, so that a restarted process begins with the next batch. */
        boolean isCounted() {
            return !counted.isEmpty();
        }
    }

    /**
     * A partition whose batch was started before.
     *
     * @param until the offset up to which its records are delivered one at a time
     * @param starts how often the next record was started, as far as it is known
     */
    private record SuspectBatch(long until, int starts) {}

    /**
     * Selects those of the polled records that are to be delivered now, and counts their start. The caller reports the outcome with
     * {@link #succeeded} or {@link #failed}.
     *
     * @throws ExecutionException if the counts could not be stored; then nothing may be delivered
     */
    Delivery begin(ConsumerRecords<byte[], byte[]> polled) throws ExecutionException, InterruptedException {
        // Before other starts are counted. Otherwise a crash caused by another batch would be blamed on these too.
        clearSurvivedStarts();
        removeFinishedSuspects(polled);
        @Nullable TopicPartition suspect = nextSuspect(polled);
        Map<TopicPartition, Long> begun =
                suspect == null ? uncountedBatches(polled) : firstOffsets(polled, Set.of(suspect));
        if (begun.isEmpty()) {
            return new Delivery(select(polled, Map.of()), Map.of());
        }
        try {
            Map<TopicPartition, Integer> starts = counts.count(begun);
            recordStarts(polled, starts);
            @Nullable TopicPartition alone = suspect == null ? nextSuspect(polled) : suspect;
            if (alone == null) {
                return new Delivery(select(polled, starts), begun);
            }
            undoStartsExcept(alone, begun);
            return new Delivery(selectFirst(polled, alone, starts), begun);
        } catch (ExecutionException failure) {
            survivedStarts.putAll(begun);
            throw failure;
        }
    }

    /** Records that all records of the delivery are handled. */
    void succeeded(Delivery delivery) {
        for (TopicPartition partition : delivery.counted().keySet()) {
            // The starts of a handled record do not count for the record behind it.
            if (suspects.computeIfPresent(partition, (same, suspect) -> new SuspectBatch(suspect.until(), 0)) == null) {
                pastFirstBatch.add(partition);
            }
        }
    }

    /**
     * Records that the delivery failed, which is no crash, and clears the counts. If they cannot be cleared now, this is repeated before
     * another start is counted.
     */
    void failed(Delivery delivery) throws InterruptedException {
        survivedStarts.putAll(delivery.counted());
        try {
            clearSurvivedStarts();
        } catch (ExecutionException failure) {
            LOGGER.atDebug()
                    .setCause(failure)
                    .log("failed to clear the start count of a batch that this process survived");
        }
    }

    /** Removes partitions that another member may own now. */
    void forget(Collection<TopicPartition> partitions) {
        suspects.keySet().removeAll(partitions);
        pastFirstBatch.removeAll(partitions);
        survivedStarts.keySet().removeAll(partitions);
    }

    private void clearSurvivedStarts() throws ExecutionException, InterruptedException {
        if (!survivedStarts.isEmpty()) {
            counts.clear(Map.copyOf(survivedStarts));
            survivedStarts.clear();
        }
    }

    private void removeFinishedSuspects(ConsumerRecords<byte[], byte[]> polled) {
        for (TopicPartition partition : polled.partitions()) {
            SuspectBatch suspect = suspects.get(partition);
            if (suspect != null && polled.records(partition).getFirst().offset() > suspect.until()) {
                suspects.remove(partition);
            }
        }
    }

    private @Nullable TopicPartition nextSuspect(ConsumerRecords<byte[], byte[]> polled) {
        return suspects.entrySet().stream()
                .filter(each -> polled.partitions().contains(each.getKey()))
                .min(MOST_STARTS_FIRST)
                .map(Map.Entry::getKey)
                .orElse(null);
    }

    private Map<TopicPartition, Long> uncountedBatches(ConsumerRecords<byte[], byte[]> polled) {
        Set<TopicPartition> uncounted = new HashSet<>(polled.partitions());
        uncounted.removeAll(pastFirstBatch);
        return firstOffsets(polled, uncounted);
    }

    private void recordStarts(ConsumerRecords<byte[], byte[]> polled, Map<TopicPartition, Integer> starts) {
        starts.forEach((partition, begun) -> {
            SuspectBatch known = suspects.get(partition);
            if (begun > 1) {
                suspects.put(
                        partition,
                        new SuspectBatch(polled.records(partition).getLast().offset(), begun));
            } else if (known != null) {
                suspects.put(partition, new SuspectBatch(known.until(), begun));
            }
        });
    }

    // The other batches were counted before it was known that one of them is suspect. They wait until it is handled.
    private void undoStartsExcept(TopicPartition alone, Map<TopicPartition, Long> begun)
            throws ExecutionException, InterruptedException {
        Map<TopicPartition, Long> waiting = new HashMap<>(begun);
        waiting.remove(alone);
        begun.keySet().retainAll(Set.of(alone));
        if (!waiting.isEmpty()) {
            counts.undo(waiting);
        }
    }

    private static Map<TopicPartition, Long> firstOffsets(
            ConsumerRecords<byte[], byte[]> polled, Set<TopicPartition> partitions) {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        partitions.forEach(partition ->
                offsets.put(partition, polled.records(partition).getFirst().offset()));
        return offsets;
    }

    private static List<CountedRecord> selectFirst(
            ConsumerRecords<byte[], byte[]> polled, TopicPartition partition, Map<TopicPartition, Integer> starts) {
        return List.of(counted(polled.records(partition).getFirst(), partition, starts));
    }

    private static List<CountedRecord> select(
            ConsumerRecords<byte[], byte[]> polled, Map<TopicPartition, Integer> starts) {
        List<CountedRecord> selected = new ArrayList<>(polled.count());
        for (TopicPartition partition : polled.partitions()) {
            List<ConsumerRecord<byte[], byte[]>> records = polled.records(partition);
            selected.add(counted(records.getFirst(), partition, starts));
            records.stream().skip(1).map(each -> new CountedRecord(each, 1)).forEach(selected::add);
        }
        return selected;
    }

    private static CountedRecord counted(
            ConsumerRecord<byte[], byte[]> record, TopicPartition partition, Map<TopicPartition, Integer> starts) {
        return new CountedRecord(record, starts.getOrDefault(partition, 1));
    }
}
