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

/** The offsets of one Kafka client that are applied and not yet committed. Confined to the thread of its {@link PollLoop}. */
final class OffsetCommits {
    private static final Logger LOGGER = LoggerFactory.getLogger(OffsetCommits.class);
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    /** How long {@link #commitSync} takes at most: a wakeup ends the first attempt. */
    static final Duration MAX_COMMIT_DURATION = TIMEOUT.multipliedBy(2);

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

    /** @param next the next offset of each partition */
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
     * Whether uncommitted offsets have waited long enough to be committed now.
     *
     * @param idle whether the consumer has nothing else to do
     */
    boolean isDue(boolean idle) {
        long wait = failed ? RETRY_INTERVAL_NANOS : idle ? 0 : COMMIT_INTERVAL_NANOS;
        return hasUncommitted() && System.nanoTime() - lastCommit > wait;
    }

    /** Sends the uncommitted offsets and does not wait for the answer. */
    void commitAsync() {
        sent.putAll(uncommitted);
        consumer.commitAsync(Map.copyOf(uncommitted), (offsets, failure) -> {
            failed = failure != null;
            if (failure != null) {
                // An idle partition triggers no further commit, so the offsets of a failed commit are restored and sent
                // again.
                offsets.forEach(this::restore);
                LOGGER.atDebug()
                        .addKeyValue("service", group)
                        .addKeyValue("error", String.valueOf(failure))
                        .log("offset commit failed, retrying");
            }
        });
        uncommitted.clear();
        lastCommit = System.nanoTime();
    }

    // Restores nothing if a newer offset was added meanwhile, or if the partition was revoked.
    private void restore(TopicPartition partition, OffsetAndMetadata offset) {
        if (offset.equals(sent.get(partition))) {
            uncommitted.putIfAbsent(partition, offset);
        }
    }

    /** Returns once the offsets are committed or the commit has failed. After a failure the offsets are kept. */
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
                    .log("offset commit failed, the inbox recognises messages that are delivered again");
        }
    }

    // The wakeup that ended the last poll, or that came just after it, is not meant for the commit.
    private void commitSyncIgnoringWakeup() {
        try {
            consumer.commitSync(Map.copyOf(uncommitted), TIMEOUT);
        } catch (WakeupException wakeup) {
            consumer.commitSync(Map.copyOf(uncommitted), TIMEOUT);
        }
    }
}
