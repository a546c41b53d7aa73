package dev.lockstep.messaging.consumer;

import java.util.Collection;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Commits applied offsets before another member takes over. Kafka calls it inside a poll, when no batch is in flight. */
final class RebalanceListener implements ConsumerRebalanceListener {
    private static final Logger LOGGER = LoggerFactory.getLogger(RebalanceListener.class);

    private final String group;
    private final OffsetCommits offsets;
    private final PartitionPositions positions;
    private final Consumer<Collection<TopicPartition>> forget;
    private final Runnable pause;

    /**
     * @param forget receives the partitions that another member may own now
     * @param pause pauses the partitions that must not be read
     */
    RebalanceListener(
            String group,
            OffsetCommits offsets,
            PartitionPositions positions,
            Consumer<Collection<TopicPartition>> forget,
            Runnable pause) {
        this.group = group;
        this.offsets = offsets;
        this.positions = positions;
        this.forget = forget;
        this.pause = pause;
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        offsets.commitSync();
        positions.saveNow();
        forget(partitions);
    }

    // Does not store positions: the new owner may already have stored later decisions.
    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        forget(partitions);
    }

    private void forget(Collection<TopicPartition> partitions) {
        offsets.forget(partitions);
        positions.forget(partitions);
        forget.accept(partitions);
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        LOGGER.atInfo()
                .addKeyValue("service", group)
                .addKeyValue("partitions", partitions)
                .log("partitions assigned");
        // Resolved now and not before the next poll, because the current poll may already return records of these
        // partitions.
        positions.assigned(partitions);
        pause.run();
    }
}
