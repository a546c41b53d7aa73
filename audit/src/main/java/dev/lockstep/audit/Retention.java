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
    private static final long SLACK_MILLIS = 1_000;

    private final boolean partitionsAdded;
    private final Map<String, Integer> partitions = new HashMap<>();
    private final Map<TopicPartition, Long> firstTimes = new HashMap<>();

    /** @param partitionsAdded whether a key's records may be in other partitions than its key says today */
    Retention(boolean partitionsAdded) {
        this.partitionsAdded = partitionsAdded;
    }

    void topic(String topic, int count) {
        partitions.put(topic, count);
    }

    /** A partition of which records are gone, and when its first one that is left was sent; never, if there is none. */
    void begins(TopicPartition partition, long time) {
        firstTimes.put(partition, time);
    }

    /** Topics of which records are gone. */
    Set<String> truncated() {
        Set<String> topics = new TreeSet<>();
        firstTimes.keySet().forEach(partition -> topics.add(partition.topic()));
        return topics;
    }

    /** Whether a row's record may have been on its topic and be gone. */
    boolean mayBeGone(String topic, @Nullable String key, long time) {
        int count = partitions.getOrDefault(topic, 0);
        if (key != null && count > 0 && !partitionsAdded) {
            return isBefore(new TopicPartition(topic, partition(key, count)), time);
        }
        return firstTimes.keySet().stream()
                .filter(partition -> partition.topic().equals(topic))
                .anyMatch(partition -> isBefore(partition, time));
    }

    private boolean isBefore(TopicPartition partition, long time) {
        return time <= firstTimes.getOrDefault(partition, Long.MIN_VALUE + SLACK_MILLIS) + SLACK_MILLIS;
    }

    // What Kafka's own clients do with a key.
    private static int partition(String key, int count) {
        return Utils.toPositive(Utils.murmur2(key.getBytes(StandardCharsets.UTF_8))) % count;
    }
}
