package dev.lockstep.audit;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/** How far back each topic reaches: a row from before that cannot be looked for any more. */
final class Retention {
    // Producer and database have clocks of their own.
    private static final long CLOCK_SKEW_MILLIS = 1_000;

    private final boolean partitionsAdded;
    private final Map<String, Integer> partitions = new HashMap<>();
    private final Map<TopicPartition, Long> firstTimestamps = new HashMap<>();

    /** @param partitionsAdded whether a key's records may be in other partitions than its key says today */
    Retention(boolean partitionsAdded) {
        this.partitionsAdded = partitionsAdded;
    }

    void addTopic(String topic, int count) {
        partitions.put(topic, count);
    }

    /** A partition of which records are gone, and when its first one that is left was sent; never, if there is none. */
    void setFirstTimestamp(TopicPartition partition, long time) {
        firstTimestamps.put(partition, time);
    }

    /** Topics of which records are gone. */
    Set<String> truncatedTopics() {
        Set<String> topics = new TreeSet<>();
        firstTimestamps.keySet().forEach(partition -> topics.add(partition.topic()));
        return topics;
    }

    /** Whether a row's record may have been on its topic and be gone. */
    boolean mayHaveExpired(String topic, @Nullable String key, long time) {
        int count = partitions.getOrDefault(topic, 0);
        if (key != null && count > 0 && !partitionsAdded) {
            return isBeforeFirstRecord(new TopicPartition(topic, partition(key, count)), time);
        }
        return firstTimestamps.keySet().stream()
                .filter(partition -> partition.topic().equals(topic))
                .anyMatch(partition -> isBeforeFirstRecord(partition, time));
    }

    private boolean isBeforeFirstRecord(TopicPartition partition, long time) {
        return time <= firstTimestamps.getOrDefault(partition, Long.MIN_VALUE + CLOCK_SKEW_MILLIS) + CLOCK_SKEW_MILLIS;
    }

    // What Kafka's own clients do with a key.
    private static int partition(String key, int count) {
        return Utils.toPositive(Utils.murmur2(key.getBytes(StandardCharsets.UTF_8))) % count;
    }
}
