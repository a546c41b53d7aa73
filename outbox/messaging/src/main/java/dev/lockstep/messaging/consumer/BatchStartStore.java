package dev.lockstep.messaging.consumer;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * Counts how often the batch that begins at an offset was started. The start is counted before the batch is handled, because a record that
 * crashes the process leaves no other trace. Every method runs on the caller's connection.
 */
public final class BatchStartStore {
    // With synchronous_commit off, a crash of Postgres can lose a count. The consequence is at worst one more attempt.
    private static final String COUNT_STARTS = """
            INSERT INTO delivery_attempt AS a (consumer, topic, partition, "offset", starts, complete_since)
            SELECT $1, b.topic, b.partition, b."offset", 1,
                   CASE WHEN b."offset" = 0 THEN '00000000-0000-0000-0000-000000000000' ELSE uuidv7_floor(now()) END
              FROM unnest($2::text[], $3::integer[], $4::bigint[]) AS b (topic, partition, "offset"),
                   (SELECT set_config('synchronous_commit', 'off', true)) AS relaxed
             ORDER BY b.topic, b.partition
                ON CONFLICT (consumer, topic, partition) DO UPDATE
               SET starts = CASE WHEN a."offset" = EXCLUDED."offset" THEN a.starts + 1 ELSE 1 END,
                   "offset" = EXCLUDED."offset"
            RETURNING topic, partition, starts
            """;

    private static final String CLEAR_STARTS = """
            UPDATE delivery_attempt SET starts = 0
             WHERE consumer = $1
               AND (topic, partition, "offset") IN (SELECT * FROM unnest($2::text[], $3::integer[], $4::bigint[]))
            """;

    private static final String UNDO_STARTS = """
            UPDATE delivery_attempt SET starts = greatest(starts - 1, 0)
             WHERE consumer = $1
               AND (topic, partition, "offset") IN (SELECT * FROM unnest($2::text[], $3::integer[], $4::bigint[]))
            """;

    private final String consumer;

    public BatchStartStore(String consumer) {
        this.consumer = consumer;
    }

    /** Completes with how often each partition's batch has been started, including this time. */
    public Future<Map<TopicPartition, Integer>> countStarts(SqlClient client, Map<TopicPartition, Long> firstOffsets) {
        return client.preparedQuery(COUNT_STARTS)
                .execute(parameters(firstOffsets))
                .map(rows -> {
                    Map<TopicPartition, Integer> starts = HashMap.newHashMap(rows.size());
                    rows.forEach(row ->
                            starts.put(new TopicPartition(row.getString(0), row.getInteger(1)), row.getInteger(2)));
                    return starts;
                });
    }

    /** Clears the counts of batches that failed: the process survived them, so they do not count as crashes. */
    Future<Void> clearStarts(SqlClient client, Map<TopicPartition, Long> firstOffsets) {
        return client.preparedQuery(CLEAR_STARTS)
                .execute(parameters(firstOffsets))
                .mapEmpty();
    }

    /** Undoes one start of batches that are not handled now after all. If the process dies, these batches are not the cause. */
    Future<Void> undoStarts(SqlClient client, Map<TopicPartition, Long> firstOffsets) {
        return client.preparedQuery(UNDO_STARTS)
                .execute(parameters(firstOffsets))
                .mapEmpty();
    }

    private Tuple parameters(Map<TopicPartition, Long> firstOffsets) {
        int size = firstOffsets.size();
        String[] topics = new String[size];
        Integer[] partitions = new Integer[size];
        Long[] offsets = new Long[size];
        int i = 0;
        for (Map.Entry<TopicPartition, Long> each : firstOffsets.entrySet()) {
            topics[i] = each.getKey().topic();
            partitions[i] = each.getKey().partition();
            offsets[i++] = each.getValue();
        }
        return Tuple.of(consumer, topics, partitions, offsets);
    }
}
