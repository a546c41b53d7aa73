package dev.lockstep.messaging.delivery;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * How a consumer works.
 *
 * @param group the Kafka consumer group, and the name under which the inbox keeps its claims
 * @param topics what it subscribes to
 * @param kafka Kafka client properties, among them {@code bootstrap.servers}
 * @param maxBatch most messages in one transaction
 * @param maxAttempts how often a message is tried before it becomes a dead letter
 * @param retryBackoff before the second attempt; doubled for each further one
 * @param maxRetryBackoff the longest wait between two attempts
 * @param inboxRetention how long a repeated message is recognised
 * @param gapResendAfter how long a message waits for the missing one before it until the sender is asked; doubled each time
 * @param gapGiveUpAfter how long it waits before it becomes a dead letter
 */
public record ConsumerOptions(
        String group,
        List<String> topics,
        Map<String, String> kafka,
        int maxBatch,
        int maxAttempts,
        Duration retryBackoff,
        Duration maxRetryBackoff,
        Duration inboxRetention,
        Duration gapResendAfter,
        Duration gapGiveUpAfter) {
    // Partitions that are added to a topic stay unread until the client asks again which there are. Kafka's default is
    // five minutes.
    private static final String METADATA_MAX_AGE_MS = "3000";

    public ConsumerOptions {
        topics = List.copyOf(topics);
        kafka = Map.copyOf(kafka);
    }

    /** Where a group begins that has never read a topic: what {@code kafka} sets as {@code auto.offset.reset}, or at the oldest record. */
    public String autoOffsetReset() {
        return kafka.getOrDefault(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    }

    /** What the Kafka client is made with. Offsets, isolation and bytes are ours, whatever {@code kafka} says. */
    public Properties kafkaProperties() {
        Properties properties = new Properties();
        properties.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, METADATA_MAX_AGE_MS);
        properties.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, "500");
        properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, Integer.toString(maxBatch));
        properties.putAll(kafka);
        properties.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        // A record of an aborted transaction was never sent.
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        // The client would go on elsewhere in silence when records are removed before they were read.
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class.getName());
        properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class.getName());
        return properties;
    }
}
