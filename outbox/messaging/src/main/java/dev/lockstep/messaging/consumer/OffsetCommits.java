package dev.lockstep.messaging.consumer;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The offsets of what was applied and not yet committed, of one Kafka client. For the thread of its {@link PollLoop} alone. */
final class OffsetCommits {
    private static final Logger LOGGER = LoggerFactory.getLogger(OffsetCommits.class);
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final long COMMIT_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long RETRY_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Consumer<byte[], byte[]> consumer;
    private final String group;
    private final Map<TopicPartition, OffsetAndMetadata> uncommitted = new HashMap<>();
    private final Map<TopicPartition, OffsetAndMetadata> sent = new HashMap<>();
    private long lastCommit = System.nanoTime();
    private boolean failed;

    OffsetCommits(Consumer<byte[], byte[]> consumer, String group) {
        this.consumer = consumer;
        this.group = group;
    }

    /** @param next where each partition is to be read on */
    void add(Map<TopicPartition, Long> next) {
        next.forEach((partition, offset) -> uncommitted.put(partition, new OffsetAndMetadata(offset)));
    }

    void forget(Collection<TopicPartition> partitions) {
        partitions.forEach(uncommitted::remove);
        partitions.forEach(sent::remove);
    }

    boolean hasUncommitted() {
        return !uncommitted.isEmpty();
    }

    /**
     * Whether some have waited for long enough.
     *
     * @param idle whether there is nothing else to do
     */
    boolean isDue(boolean idle) {
        long wait = failed ? RETRY_INTERVAL_NANOS : idle ? 0 : COMMIT_INTERVAL_NANOS;
        return hasUncommitted() && System.nanoTime() - lastCommit > wait;
    }

    /** Sends them, and does not wait. */
    void commitAsync() {
        sent.putAll(uncommitted);
        consumer.commitAsync(Map.copyOf(uncommitted), (offsets, failure) -> {
            failed = failure != null;
            if (failure != null) {
                // Of a partition that has fallen silent no later commit would tell.
                offsets.forEach(this::restore);
                LOGGER.atDebug()
                        .addKeyValue("service", group)
                        .addKeyValue("error", String.valueOf(failure))
                        .log("an offset commit failed");
            }
        });
        uncommitted.clear();
        lastCommit = System.nanoTime();
    }

    // Unless there is a newer one by now, or the partition has gone.
    private void restore(TopicPartition partition, OffsetAndMetadata offset) {
        if (offset.equals(sent.get(partition))) {
            uncommitted.putIfAbsent(partition, offset);
        }
    }

    /** Returns once they are committed, or could not be. Those are kept. */
    void commitSync() {
        if (uncommitted.isEmpty()) {
            return;
        }
        lastCommit = System.nanoTime();
        try {
            sent.putAll(uncommitted);
            commitSyncIgnoringWakeup();
            failed = false;
            uncommitted.clear();
        } catch (KafkaException failure) {
            failed = true;
            LOGGER.atInfo()
                    .addKeyValue("service", group)
                    .addKeyValue("error", String.valueOf(failure))
                    .log("the last offsets could not be committed; the inbox will recognise what comes again");
        }
    }

    // The wake-up that ended the last poll, or came just after it, is not meant for the commit.
    private void commitSyncIgnoringWakeup() {
        try {
            consumer.commitSync(Map.copyOf(uncommitted), TIMEOUT);
        } catch (WakeupException wakeup) {
            consumer.commitSync(Map.copyOf(uncommitted), TIMEOUT);
        }
    }
}
