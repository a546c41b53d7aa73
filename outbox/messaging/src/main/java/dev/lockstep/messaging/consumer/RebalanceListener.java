package dev.lockstep.messaging.consumer;

import java.util.Collection;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Called inside a poll, when nothing is in flight: what was applied is committed before another member takes over. */
final class RebalanceListener implements ConsumerRebalanceListener {
    private static final Logger LOGGER = LoggerFactory.getLogger(RebalanceListener.class);

    private final String group;
    private final OffsetCommits offsets;
    private final PartitionPositions positions;
    private final Consumer<Collection<TopicPartition>> forget;
    private final Runnable pause;

    /**
     * @param forget told of partitions that another member may have
     * @param pause pauses what must not be read
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

    // Does not store positions: the new owner may have stored later decisions already.
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
        // Now, not before the next poll: this one may already bring records of theirs.
        positions.assigned(partitions);
        pause.run();
    }
}
