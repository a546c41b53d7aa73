package dev.lockstep.messaging;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
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
    private static final long EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final String group;
    private final Map<TopicPartition, OffsetAndMetadata> uncommitted = new HashMap<>();
    private long lastCommit = System.nanoTime();

    OffsetCommits(KafkaConsumer<byte[], byte[]> consumer, String group) {
        this.consumer = consumer;
        this.group = group;
    }

    /** @param next where each partition is to be read on */
    void add(Map<TopicPartition, Long> next) {
        next.forEach((partition, offset) -> uncommitted.put(partition, new OffsetAndMetadata(offset)));
    }

    void forget(Collection<TopicPartition> partitions) {
        partitions.forEach(uncommitted::remove);
    }

    boolean isAny() {
        return !uncommitted.isEmpty();
    }

    /** Whether some have waited for long enough. */
    boolean isDue() {
        return isAny() && System.nanoTime() - lastCommit > EVERY_NANOS;
    }

    /** Sends them, and does not wait. */
    void commitSoon() {
        consumer.commitAsync(Map.copyOf(uncommitted), (offsets, failure) -> {
            if (failure != null) {
                // Not lost: what was applied is in the inbox, and the next commit covers these offsets too.
                LOGGER.atDebug()
                        .addKeyValue("service", group)
                        .addKeyValue("error", String.valueOf(failure))
                        .log("an offset commit failed");
            }
        });
        uncommitted.clear();
        lastCommit = System.nanoTime();
    }

    /** Returns once they are committed, or could not be. */
    void commitNow() {
        if (uncommitted.isEmpty()) {
            return;
        }
        try {
            commitThoughWokenUp();
        } catch (KafkaException failure) {
            LOGGER.atInfo()
                    .addKeyValue("service", group)
                    .addKeyValue("error", String.valueOf(failure))
                    .log("the last offsets could not be committed; the inbox will recognise what comes again");
        }
        uncommitted.clear();
    }

    // The wake-up that ended the last poll, or came just after it, is not meant for the commit.
    private void commitThoughWokenUp() {
        try {
            consumer.commitSync(Map.copyOf(uncommitted), TIMEOUT);
        } catch (WakeupException wakeup) {
            consumer.commitSync(Map.copyOf(uncommitted), TIMEOUT);
        }
    }
}
