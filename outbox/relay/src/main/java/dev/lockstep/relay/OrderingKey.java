package dev.lockstep.relay;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/**
 * What order is kept within: a topic and a key. Two keys with the same hash wait for each other without need, and nothing else.
 *
 * @param topic the topic's name, or a shorter one that stands for it where no topic can have that name
 */
record OrderingKey(String topic, long keyHash) {
    /** The longest name that a topic can have. */
    static final int MAX_TOPIC_LENGTH = 249;

    private static final int TRUNCATED_LENGTH = 200;

    static OrderingKey of(OutboxRow row) {
        String key = row.key();
        // Without a key nothing is ordered, so the row is alone in its lane.
        long hash = key == null ? UUID.fromString(row.id()).getLeastSignificantBits() : hash(key);
        return new OrderingKey(storedTopic(row.topic()), hash);
    }

    /** What the topic is called in {@code outbox_held}: an index takes no text of any length. */
    static String storedTopic(String topic) {
        return topic.length() <= MAX_TOPIC_LENGTH
                ? topic
                : topic.substring(0, TRUNCATED_LENGTH) + "..." + Long.toHexString(hash(topic));
    }

    private static long hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return ByteBuffer.wrap(digest).getLong();
        } catch (NoSuchAlgorithmException cause) {
            throw new IllegalStateException(cause);
        }
    }
}
