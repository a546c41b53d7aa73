package dev.lockstep.audit;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/** How far back each topic reaches. The record of an older row can no longer be looked up. */
final class Retention {
    // Producer and database have separate clocks.
    private static final long CLOCK_SKEW_MILLIS = 1_000;

    private final boolean partitionsAdded;
    private final Map<String, Integer> partitions = new HashMap<>();
    private final Map<TopicPartition, Long> firstTimestamps = new HashMap<>();

    /** @param partitionsAdded whether a record may be in a different partition than its key selects today */
    Retention(boolean partitionsAdded) {
        this.partitionsAdded = partitionsAdded;
    }

    void addTopic(String topic, int count) {
        partitions.put(topic, count);
    }

    /**
     * Sets when the first remaining record was sent, for a partition from which records were deleted. The time is in the far future if no
     * record remains.
     */
    void setFirstTimestamp(TopicPartition partition, long time) {
        firstTimestamps.put(partition, time);
    }

    /** Topics from which records were deleted. */
    Set<String> truncatedTopics() {
        Set<String> topics = new TreeSet<>();
        firstTimestamps.keySet().forEach(partition -> topics.add(partition.topic()));
        return topics;
    }

    /** Whether the record of a row may have been on its topic and been deleted. */
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

    // The default partitioner of Kafka's clients.
    private static int partition(String key, int count) {
        return Utils.toPositive(Utils.murmur2(key.getBytes(StandardCharsets.UTF_8))) % count;
    }
}
