package dev.lockstep.messaging.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class RetriedPartitionsTest {
    private static final List<TopicPartition> EXISTING = List.of(of("a", 1), of("a", 0), of("b", 0), of("b", 1));

    @Test
    void the_member_with_partition_0_retries_partitions_that_no_longer_exist() {
        RetriedPartitions retried = RetriedPartitions.of(List.of(of("a", 0), of("b", 1)), EXISTING);

        assertThat(retried.contains(of("a", 0))).isTrue();
        assertThat(retried.contains(of("a", 1))).as("of another member").isFalse();
        assertThat(retried.contains(of("a", 2))).as("gone").isTrue();
        assertThat(retried.contains(of("b", 0))).as("of another member").isFalse();
        assertThat(retried.contains(of("b", 2)))
                .as("gone, and retried by the member with b-0")
                .isFalse();
    }

    @Test
    void no_partition_counts_as_gone_while_the_partitions_of_its_topic_are_unknown() {
        RetriedPartitions retried = RetriedPartitions.of(List.of(of("c", 0)), EXISTING);

        assertThat(retried.contains(of("c", 0))).isTrue();
        assertThat(retried.contains(of("c", 9))).isFalse();
    }

    private static TopicPartition of(String topic, int partition) {
        return new TopicPartition(topic, partition);
    }
}
