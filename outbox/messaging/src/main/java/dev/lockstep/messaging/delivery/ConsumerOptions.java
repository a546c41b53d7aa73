package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.schedule.Backoff;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Settings of a consumer.
 *
 * @param group the Kafka consumer group, and the name under which the inbox stores its claims
 * @param topics the topics that the consumer subscribes to
 * @param kafka Kafka client properties, among them {@code bootstrap.servers}
 * @param maxBatch maximum number of messages in one transaction
 * @param retries how often and when a message that fails is retried
 * @param inboxRetention how long a repeated message is recognised
 * @param gaps how long a message waits for a missing predecessor
 */
public record ConsumerOptions(
        String group,
        List<String> topics,
        Map<String, String> kafka,
        int maxBatch,
        Retries retries,
        Duration inboxRetention,
        Gaps gaps) {
    // Partitions that are added to a topic stay unread until the client refreshes its metadata. The default interval of
    // Kafka is five minutes.
    private static final String METADATA_MAX_AGE_MS = "3000";

    /**
     * How often and when a message that fails is retried.
     *
     * @param maxAttempts number of attempts before a message becomes a dead letter
     * @param backoff the waits between the attempts
     */
    public record Retries(int maxAttempts, Backoff backoff) {}

    /**
     * How long a message waits for a missing predecessor.
     *
     * @param resendAfter how long it waits before the sender is asked to resend the predecessor; doubled each time
     * @param giveUpAfter how long it waits before it becomes a dead letter
     */
    public record Gaps(Duration resendAfter, Duration giveUpAfter) {}

    public ConsumerOptions {
        topics = List.copyOf(topics);
        kafka = Map.copyOf(kafka);
    }

    /**
     * Returns where a group starts on a topic that it has never read: the {@code auto.offset.reset} of {@code kafka}, or {@code earliest},
     * the oldest record.
     */
    public String autoOffsetReset() {
        return kafka.getOrDefault(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    }

    /**
     * Returns the properties of the Kafka client. The group, offset handling, isolation level and byte deserializers are fixed, whatever
     * {@code kafka} says.
     */
    public Properties kafkaProperties() {
        Properties properties = new Properties();
        properties.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, METADATA_MAX_AGE_MS);
        properties.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, "500");
        properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, Integer.toString(maxBatch));
        properties.putAll(kafka);
        properties.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        // Records of aborted transactions must not be delivered.
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        // With any other value, the client would silently continue at another offset after unread records were removed.
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class.getName());
        properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class.getName());
        return properties;
    }
}
