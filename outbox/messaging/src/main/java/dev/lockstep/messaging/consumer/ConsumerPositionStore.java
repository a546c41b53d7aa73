package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.consumer.PartitionStart.StoredPosition;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Stores the next offset of each partition for a consumer. Every method runs on the caller's connection: the caller owns the transaction.
 */
final class ConsumerPositionStore {
    private static final String LOCK = """
            SELECT topic, partition, topic_id, next_offset, message_time, invalid_offset
              FROM consumer_position
             WHERE consumer = $1 AND topic = ANY ($2)
             ORDER BY topic, partition
               FOR UPDATE
            """;

    private static final String SAVE = """
            INSERT INTO consumer_position (consumer, topic, partition, topic_id, next_offset, message_time, invalid_offset)
            SELECT $1, p.*
              FROM unnest($2::text[], $3::integer[], $4::text[], $5::bigint[], $6::timestamptz[], $7::bigint[])
                   AS p (topic, partition, topic_id, next_offset, message_time, invalid_offset)
             ORDER BY p.topic, p.partition
                ON CONFLICT (consumer, topic, partition) DO UPDATE
               SET topic_id = EXCLUDED.topic_id,
                   next_offset = EXCLUDED.next_offset,
                   message_time = EXCLUDED.message_time,
                   invalid_offset = EXCLUDED.invalid_offset
            """;

    // With synchronous_commit off, a crash of Postgres can lose this update. The consumer then starts at the offset
    // committed in Kafka.
    private static final String ADVANCE = """
            UPDATE consumer_position c
               SET next_offset = greatest(c.next_offset, p.next_offset),
                   message_time = greatest(c.message_time, p.message_time)
              FROM (SELECT *
                      FROM unnest($2::text[], $3::integer[], $4::text[], $5::bigint[], $6::timestamptz[])
                           AS p (topic, partition, topic_id, next_offset, message_time),
                           (SELECT set_config('synchronous_commit', 'off', true)) AS relaxed
                     ORDER BY p.topic, p.partition) p
             WHERE c.consumer = $1 AND c.topic = p.topic AND c.partition = p.partition AND c.topic_id = p.topic_id
            """;

    private final String consumer;

    ConsumerPositionStore(String consumer) {
        this.consumer = consumer;
    }

    /** Reads and locks the stored positions of the topics' partitions. */
    Future<Map<TopicPartition, StoredPosition>> lock(SqlClient tx, Collection<String> topics) {
        return tx.preparedQuery(LOCK)
                .execute(Tuple.tuple().addValue(consumer).addValue(topics.toArray(String[]::new)))
                .map(rows -> {
                    Map<TopicPartition, StoredPosition> known = HashMap.newHashMap(rows.size());
                    rows.forEach(row -> known.put(
                            new TopicPartition(row.getString("topic"), row.getInteger("partition")), toPosition(row)));
                    return known;
                });
    }

    /** Stores the positions as given, even if they move backwards. */
    Future<Void> save(SqlClient tx, Map<TopicPartition, StoredPosition> positions) {
        return positions.isEmpty()
                ? Future.succeededFuture()
                : tx.preparedQuery(SAVE)
                        .execute(parameters(positions)
                                .addValue(positions.values().stream()
                                        .map(StoredPosition::invalidOffset)
                                        .toArray(Long[]::new)))
                        .mapEmpty();
    }

    /** Moves positions forward, except those of topics that have been recreated. */
    Future<Void> advance(SqlClient client, Map<TopicPartition, StoredPosition> positions) {
        return positions.isEmpty()
                ? Future.succeededFuture()
                : client.preparedQuery(ADVANCE).execute(parameters(positions)).mapEmpty();
    }

    private Tuple parameters(Map<TopicPartition, StoredPosition> positions) {
        int size = positions.size();
        String[] topics = new String[size];
        Integer[] partitions = new Integer[size];
        String[] topicIds = new String[size];
        Long[] offsets = new Long[size];
        @Nullable OffsetDateTime[] times = new @Nullable OffsetDateTime[size];
        int i = 0;
        for (Map.Entry<TopicPartition, StoredPosition> each : positions.entrySet()) {
            StoredPosition position = each.getValue();
            topics[i] = each.getKey().topic();
            partitions[i] = each.getKey().partition();
            topicIds[i] = position.topicId();
            offsets[i] = position.nextOffset();
            times[i++] = position.messageTime() == null
                    ? null
                    : position.messageTime().atOffset(ZoneOffset.UTC);
        }
        return Tuple.tuple()
                .addValue(consumer)
                .addValue(topics)
                .addValue(partitions)
                .addValue(topicIds)
                .addValue(offsets)
                .addValue(times);
    }

    private static StoredPosition toPosition(Row row) {
        OffsetDateTime time = row.getOffsetDateTime("message_time");
        return new StoredPosition(
                row.getString("topic_id"),
                row.getLong("next_offset"),
                time == null ? null : time.toInstant(),
                row.getLong("invalid_offset"));
    }
}
