package dev.lockstep.messaging.delivery;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/**
 * The partitions whose parked messages one member of the group retries: those that are assigned to it, and those that no longer exist
 * because their topic was created again with fewer partitions. The latter are retried by the member that reads partition 0 of the topic.
 *
 * @param partitionCounts the number of partitions of each topic whose partition 0 is assigned to the member, as far as it is known
 */
public record RetriedPartitions(Set<TopicPartition> assigned, Map<String, Integer> partitionCounts) {
    public RetriedPartitions {
        assigned = Set.copyOf(assigned);
        partitionCounts = Map.copyOf(partitionCounts);
    }

    /** @param existing the partitions that the broker has, possibly without those of some topics */
    public static RetriedPartitions of(Collection<TopicPartition> assigned, Collection<TopicPartition> existing) {
        Set<TopicPartition> own = Set.copyOf(assigned);
        Map<String, Integer> counts = new HashMap<>();
        for (TopicPartition partition : existing) {
            if (own.contains(new TopicPartition(partition.topic(), 0))) {
                counts.merge(partition.topic(), partition.partition() + 1, Math::max);
            }
        }
        return new RetriedPartitions(own, counts);
    }

    boolean contains(TopicPartition partition) {
        return assigned.contains(partition)
                || partition.partition() >= partitionCounts.getOrDefault(partition.topic(), Integer.MAX_VALUE);
    }
}
