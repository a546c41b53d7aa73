package dev.lockstep.messaging.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.messaging.consumer.CrashLoopDetector.Delivery;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** A new detector with the same counts stands for a process that was restarted after a crash. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class CrashLoopDetectorTest {
    private static final TopicPartition ZERO = new TopicPartition("t", 0);
    private static final TopicPartition ONE = new TopicPartition("t", 1);
    private static final TopicPartition TWO = new TopicPartition("t", 2);

    private final Counts counts = new Counts();
    private CrashLoopDetector detector = new CrashLoopDetector(counts);

    @Test
    void the_first_delivery_contains_all_records_and_is_counted() throws Exception {
        Delivery delivery = detector.begin(polled(records(ZERO, 5, 7), records(ONE, 2, 2)));

        assertThat(describe(delivery)).containsExactly("0@5 x1", "0@6 x1", "0@7 x1", "1@2 x1");
        assertThat(delivery.isCounted()).isTrue();
        assertThat(counts.starts).containsOnly(Map.entry(ZERO, 1), Map.entry(ONE, 1));
    }

    @Test
    void batches_behind_an_applied_one_are_not_counted() throws Exception {
        detector.succeeded(detector.begin(polled(records(ZERO, 5, 7))));

        Delivery second = detector.begin(polled(records(ZERO, 8, 9), records(ONE, 2, 2)));

        assertThat(describe(second)).containsExactly("0@8 x1", "0@9 x1", "1@2 x1");
        assertThat(second.counted()).containsOnlyKeys(ONE);
    }

    @Test
    void a_partition_that_was_revoked_and_assigned_again_is_counted_again() throws Exception {
        detector.succeeded(detector.begin(polled(records(ZERO, 5, 7))));
        detector.forget(List.of(ZERO));

        assertThat(detector.begin(polled(records(ZERO, 8, 9))).counted()).containsOnlyKeys(ZERO);
    }

    @Test
    void after_a_crash_the_records_are_delivered_one_by_one() throws Exception {
        detector.begin(polled(records(ZERO, 5, 7)));
        restart();

        assertThat(describe(deliver(records(ZERO, 5, 7)))).containsExactly("0@5 x2");
        assertThat(describe(deliver(records(ZERO, 6, 7)))).containsExactly("0@6 x1");
        assertThat(describe(deliver(records(ZERO, 7, 7)))).containsExactly("0@7 x1");
        // The records behind those of the suspect batch are delivered together again. They are the first batch without
        // a suspect, so their start is counted.
        assertThat(describe(deliver(records(ZERO, 8, 9)))).containsExactly("0@8 x1", "0@9 x1");
        assertThat(deliver(records(ZERO, 10, 11)).isCounted()).isFalse();
    }

    @Test
    void each_crash_of_the_same_record_is_counted() throws Exception {
        List<String> delivered = new ArrayList<>();
        for (int process = 0; process < 4; process++) {
            restart();
            delivered.add(describe(detector.begin(polled(records(ZERO, 5, 6)))).getFirst());
        }

        assertThat(delivered).containsExactly("0@5 x1", "0@5 x2", "0@5 x3", "0@5 x4");
    }

    @Test
    void while_a_suspect_is_delivered_no_record_of_another_partition_is_in_flight_or_counted() throws Exception {
        detector.begin(polled(records(ZERO, 5, 6)));
        restart();

        Delivery alone = detector.begin(polled(records(ZERO, 5, 6), records(ONE, 2, 3)));

        assertThat(describe(alone)).containsExactly("0@5 x2");
        assertThat(counts.starts).containsOnly(Map.entry(ZERO, 2), Map.entry(ONE, 0));
        detector.succeeded(alone);
        assertThat(describe(detector.begin(polled(records(ZERO, 6, 6), records(ONE, 2, 3)))))
                .containsExactly("0@6 x1");
        assertThat(counts.starts).containsEntry(ONE, 0);
    }

    @Test
    void of_several_suspects_the_one_with_the_most_starts_is_delivered_first_and_every_crash_counts() throws Exception {
        detector.begin(polled(records(ZERO, 5, 6), records(ONE, 2, 3)));
        restart();
        detector.begin(polled(records(ZERO, 5, 6), records(ONE, 2, 3)));
        restart();

        // The second process delivered only the first suspect, so the other one has one start less.
        assertThat(describe(deliver(records(ZERO, 5, 6), records(ONE, 2, 3)))).containsExactly("0@5 x3");
        // The next record of the first partition was never started, so the other partition is more suspect now.
        assertThat(describe(deliver(records(ZERO, 6, 6), records(ONE, 2, 3)))).containsExactly("1@2 x2");
        assertThat(describe(deliver(records(ZERO, 6, 6), records(ONE, 3, 3)))).containsExactly("0@6 x1");
        assertThat(describe(deliver(records(ONE, 3, 3)))).containsExactly("1@3 x1");
    }

    @Test
    void a_second_suspect_is_counted_when_its_turn_comes() throws Exception {
        detector.begin(polled(records(ZERO, 5, 5), records(ONE, 2, 2)));
        restart();

        Delivery first = detector.begin(polled(records(ZERO, 5, 5), records(ONE, 2, 2)));
        detector.succeeded(first);
        Delivery second = detector.begin(polled(records(ONE, 2, 2)));

        assertThat(describe(first)).containsExactly("0@5 x2");
        assertThat(describe(second)).containsExactly("1@2 x2");
        assertThat(counts.starts).containsEntry(ONE, 2);
    }

    @Test
    void a_start_that_the_process_survived_is_cleared() throws Exception {
        detector.failed(detector.begin(polled(records(ZERO, 5, 6))));

        assertThat(counts.starts).containsEntry(ZERO, 0);
        assertThat(describe(detector.begin(polled(records(ZERO, 5, 6))))).containsExactly("0@5 x1", "0@6 x1");
    }

    @Test
    void a_start_that_cannot_be_cleared_is_cleared_before_another_one_is_counted() throws Exception {
        Delivery delivery = detector.begin(polled(records(ZERO, 5, 6)));
        counts.unavailable = true;
        detector.failed(delivery);

        assertThatThrownBy(() -> detector.begin(polled(records(ONE, 2, 3)))).isSameAs(counts.failure);
        assertThat(counts.starts).containsOnly(Map.entry(ZERO, 1));

        counts.unavailable = false;
        assertThat(describe(detector.begin(polled(records(ZERO, 5, 6), records(ONE, 2, 3)))))
                .containsExactly("0@5 x1", "0@6 x1", "1@2 x1", "1@3 x1");
    }

    @Test
    void a_start_whose_count_failed_is_cleared_because_it_may_be_stored() throws Exception {
        counts.storesAndFails = true;
        assertThatThrownBy(() -> detector.begin(polled(records(ZERO, 5, 6)))).isSameAs(counts.failure);
        counts.storesAndFails = false;

        assertThat(describe(detector.begin(polled(records(ZERO, 5, 6))))).containsExactly("0@5 x1", "0@6 x1");
    }

    @Test
    void counts_of_a_partition_of_another_member_are_not_cleared() throws Exception {
        Delivery delivery = detector.begin(polled(records(ZERO, 5, 6)));
        counts.unavailable = true;
        detector.failed(delivery);
        counts.unavailable = false;
        detector.forget(List.of(ZERO));

        detector.begin(polled(records(ONE, 2, 3)));

        assertThat(counts.starts).containsEntry(ZERO, 1);
    }

    @Test
    void partitions_that_are_not_suspect_are_counted_as_soon_as_the_suspect_is_handled() throws Exception {
        detector.begin(polled(records(ZERO, 5, 5)));
        restart();
        detector.succeeded(detector.begin(polled(records(ZERO, 5, 5), records(ONE, 2, 2), records(TWO, 9, 9))));

        Delivery others = detector.begin(polled(records(ONE, 2, 2), records(TWO, 9, 9)));

        assertThat(describe(others)).containsExactly("1@2 x1", "2@9 x1");
        assertThat(counts.starts).containsEntry(ONE, 1).containsEntry(TWO, 1);
    }

    private void restart() {
        detector = new CrashLoopDetector(counts);
    }

    @SafeVarargs
    private Delivery deliver(List<ConsumerRecord<byte[], byte[]>>... partitions) throws Exception {
        Delivery delivery = detector.begin(polled(partitions));
        detector.succeeded(delivery);
        return delivery;
    }

    @SafeVarargs
    private static ConsumerRecords<byte[], byte[]> polled(List<ConsumerRecord<byte[], byte[]>>... partitions) {
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> records = new LinkedHashMap<>();
        for (List<ConsumerRecord<byte[], byte[]>> each : partitions) {
            ConsumerRecord<byte[], byte[]> first = each.getFirst();
            records.put(new TopicPartition(first.topic(), first.partition()), each);
        }
        return new ConsumerRecords<>(records, Map.of());
    }

    private static List<ConsumerRecord<byte[], byte[]>> records(TopicPartition partition, long first, long last) {
        return LongStream.rangeClosed(first, last)
                .mapToObj(offset -> new ConsumerRecord<>(
                        partition.topic(), partition.partition(), offset, new byte[0], new byte[0]))
                .toList();
    }

    private static List<String> describe(Delivery delivery) {
        return delivery.records().stream()
                .map(each -> each.source().partition() + "@" + each.source().offset() + " x" + each.starts())
                .toList();
    }

    /** Keeps the counts like the table: a start at another offset begins again at one. */
    private static final class Counts implements CrashLoopDetector.StartCounts {
        final Map<TopicPartition, Integer> starts = new HashMap<>();
        final ExecutionException failure = new ExecutionException(new IllegalStateException("unavailable"));
        private final Map<TopicPartition, Long> offsets = new HashMap<>();
        boolean unavailable;
        boolean storesAndFails;

        @Override
        public Map<TopicPartition, Integer> count(Map<TopicPartition, Long> firstOffsets) throws ExecutionException {
            failIfUnavailable();
            firstOffsets.forEach((partition, offset) -> {
                boolean same = offset.equals(offsets.put(partition, offset));
                starts.merge(partition, 1, (before, one) -> same ? before + one : one);
            });
            if (storesAndFails) {
                throw failure;
            }
            Map<TopicPartition, Integer> counted = new HashMap<>(starts);
            counted.keySet().retainAll(firstOffsets.keySet());
            return counted;
        }

        @Override
        public void undo(Map<TopicPartition, Long> firstOffsets) throws ExecutionException {
            failIfUnavailable();
            matching(firstOffsets).forEach(partition -> starts.merge(partition, -1, Integer::sum));
        }

        @Override
        public void clear(Map<TopicPartition, Long> firstOffsets) throws ExecutionException {
            failIfUnavailable();
            matching(firstOffsets).forEach(partition -> starts.put(partition, 0));
        }

        private Set<TopicPartition> matching(Map<TopicPartition, Long> firstOffsets) {
            Map<TopicPartition, Long> matching = new HashMap<>(firstOffsets);
            matching.entrySet().retainAll(offsets.entrySet());
            return matching.keySet();
        }

        private void failIfUnavailable() throws ExecutionException {
            if (unavailable) {
                throw failure;
            }
        }
    }
}
