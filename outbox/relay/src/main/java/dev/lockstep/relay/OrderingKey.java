package dev.lockstep.relay;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/**
 * The unit of ordering: a topic and a key. Two keys with the same hash wait for each other unnecessarily, without further harm.
 *
 * @param topic the topic's name, or a shortened form of a name that is too long for a topic
 */
record OrderingKey(String topic, long keyHash) {
    /** The maximum length of a topic name. */
    static final int MAX_TOPIC_LENGTH = 249;

    private static final int TRUNCATED_LENGTH = 200;

    static OrderingKey of(OutboxRow row) {
        String key = row.key();
        // Rows without a key have no order, so each has an ordering key of its own.
        long hash = key == null ? UUID.fromString(row.id()).getLeastSignificantBits() : hash(key);
        return new OrderingKey(storedTopic(row.topic()), hash);
    }

    /** The topic's name in {@code outbox_held}: shortened if it is too long, because index entries are limited in size. */
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
