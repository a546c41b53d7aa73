package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.delivery.ConsumerOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;

/**
 * Pauses the partitions that must not be read now. They keep their position and stay assigned, but the client fetches nothing for them.
 */
final class PartitionPauses {
    private final Consumer<byte[], byte[]> consumer;
    private final ConsumerOptions options;
    private final PartitionPositions positions;
    private final Predicate<String> accepts;

    PartitionPauses(
            Consumer<byte[], byte[]> consumer,
            ConsumerOptions options,
            PartitionPositions positions,
            Predicate<String> accepts) {
        this.consumer = consumer;
        this.options = options;
        this.positions = positions;
        this.accepts = accepts;
    }

    /**
     * Pauses and resumes partitions.
     *
     * @return whether a pause may become unnecessary at any time, so that the next poll has to be short
     */
    boolean update() {
        Map<String, Boolean> open = options.topics().stream().collect(Collectors.toMap(topic -> topic, accepts::test));
        Set<TopicPartition> paused = consumer.paused();
        List<TopicPartition> toPause = new ArrayList<>();
        List<TopicPartition> toResume = new ArrayList<>();
        for (TopicPartition partition : consumer.assignment()) {
            boolean wanted = open.getOrDefault(partition.topic(), true) && positions.isKnown(partition);
            if (wanted && paused.contains(partition)) {
                toResume.add(partition);
            } else if (!wanted && !paused.contains(partition)) {
                toPause.add(partition);
            }
        }
        consumer.pause(toPause);
        consumer.resume(toResume);
        return open.containsValue(false) || !positions.allKnown();
    }
}
