package dev.lockstep.messaging.consumer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class PolledBatchTest {
    private static final TopicPartition ZERO = new TopicPartition("t", 0);
    private static final TopicPartition ONE = new TopicPartition("t", 1);

    private final PolledBatch batch = new PolledBatch(new ConsumerRecords<>(
            Map.of(ZERO, List.of(record(ZERO, 5), record(ZERO, 8)), ONE, List.of(record(ONE, 2))), Map.of()));

    @Test
    void nothing_is_applied_at_first() {
        assertThat(batch.nextOffsets()).containsOnly(Map.entry(ZERO, 5L), Map.entry(ONE, 2L));
        assertThat(batch.nextOffsetsLeft()).isEqualTo(batch.nextOffsets());
        assertThat(batch.rest().nextOffsets()).isEqualTo(batch.nextOffsets());
    }

    @Test
    void the_rest_begins_with_the_first_record_that_is_not_applied() {
        batch.applied(List.of(record(ZERO, 5), record(ONE, 2)));

        assertThat(batch.nextOffsets()).containsOnly(Map.entry(ZERO, 6L), Map.entry(ONE, 3L));
        assertThat(batch.nextOffsetsLeft()).containsOnly(Map.entry(ZERO, 6L));
        // Offset 6 may be missing: the topic is compacted, or the offset is that of a transaction marker.
        assertThat(batch.rest().nextOffsets()).containsOnly(Map.entry(ZERO, 8L));
        assertThat(batch.rest().isEmpty()).isFalse();
    }

    @Test
    void an_applied_batch_has_no_rest() {
        batch.applied(List.of(record(ZERO, 5), record(ONE, 2)));
        batch.applied(List.of(record(ZERO, 8)));

        assertThat(batch.nextOffsets()).containsOnly(Map.entry(ZERO, 9L), Map.entry(ONE, 3L));
        assertThat(batch.nextOffsetsLeft()).isEmpty();
        assertThat(batch.rest().isEmpty()).isTrue();
    }

    private static ConsumerRecord<byte[], byte[]> record(TopicPartition partition, long offset) {
        return new ConsumerRecord<>(partition.topic(), partition.partition(), offset, new byte[0], new byte[0]);
    }
}
