package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.delivery.ParkedMessage.ParkedPosition;
import dev.lockstep.messaging.delivery.ParkedMessage.Position;
import dev.lockstep.messaging.delivery.ParkedMessage.PredecessorWait;
import dev.lockstep.messaging.record.Headers;
import dev.lockstep.messaging.record.MessageIds;
import dev.lockstep.messaging.record.Payloads;
import dev.lockstep.messaging.sql.SqlValues;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/** Stores parked messages by key and in order. Every method runs on the caller's connection: the caller owns the transaction. */
public final class ParkedMessageStore {
    private static final String PARKED_KEYS = """
            SELECT k.topic, k.record_key,
                   ARRAY(SELECT p.waits_for FROM parked_message p
                          WHERE p.consumer = $1 AND p.topic = k.topic AND p.key_digest = sha256(k.record_key)
                            AND p.waits_for IS NOT NULL) AS awaited
              FROM (SELECT DISTINCT * FROM unnest($2::text[], $3::bytea[]) AS k (topic, record_key)) k
             WHERE EXISTS (SELECT FROM parked_message p
                            WHERE p.consumer = $1 AND p.topic = k.topic AND p.key_digest = sha256(k.record_key))
            """;

    private static final String PARK = """
            INSERT INTO parked_message (consumer, topic, partition, "offset", message_id, record_key, record_value,
                                        record_headers, record_time, attempts, error, next_attempt_at, waits_for, waits_since)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now() + make_interval(secs => $12), $13,
                    CASE WHEN $13::uuid IS NOT NULL THEN now() END)
            ON CONFLICT (consumer, topic, partition, "offset", message_id) DO NOTHING
            """;

    // Only the first message of a key may be retried, because the others must not overtake it. A record without a key
    // waits for no other record: its digest is that of its position. The order is that of the index, so that nothing is
    // sorted, however many messages are parked.
    public static final String DUE = """
            SELECT topic, partition, "offset", message_id
              FROM (SELECT DISTINCT ON (topic, key_digest) topic, partition, "offset", message_id, next_attempt_at
                      FROM parked_message
                     WHERE consumer = $1
                     ORDER BY topic, key_digest, partition, "offset") heads
             WHERE next_attempt_at <= now()
               AND ((topic, partition) IN (SELECT * FROM unnest($2::text[], $3::integer[]))
                    OR EXISTS (SELECT FROM unnest($4::text[], $5::integer[]) AS existing (topic, partitions)
                                WHERE existing.topic = heads.topic AND heads.partition >= existing.partitions))
             ORDER BY next_attempt_at
             LIMIT 100
            """;

    // The planner does not flatten a subquery that locks rows. Each message is therefore an index lookup, even in a
    // plan that was made while the table was empty. ParkedStartStore relies on this too.
    public static final String LOCK = """
            SELECT p.topic, p.partition, p."offset", p.message_id, record_key, record_value, record_headers, record_time, attempts,
                   first_at, dead_letter, waits_for, coalesce(extract(epoch FROM now() - waits_since), 0)::float8 AS waited, asked
              FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::uuid[]) AS at (topic, partition, "offset", message_id),
                   LATERAL (SELECT *
                              FROM parked_message m
                             WHERE m.consumer = $1 AND m.topic = at.topic AND m.partition = at.partition
                               AND m."offset" = at."offset" AND m.message_id = at.message_id
                               FOR UPDATE SKIP LOCKED) p
             ORDER BY p.topic, p.partition, p."offset"
            """;

    private static final String POSTPONE = """
            UPDATE parked_message
               SET starts = 0, attempts = $6, error = $7, next_attempt_at = now() + make_interval(secs => $8),
                   waits_for = NULL, waits_since = NULL, asked = 0
             WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = $4 AND message_id = $5
            """;

    private static final String FIND = """
            SELECT topic, partition, "offset", message_id, greatest(extract(epoch FROM next_attempt_at - now()), 0)::float8 AS due_in
              FROM parked_message
             WHERE consumer = $1 AND message_id = ANY ($2)
            """;

    private static final String REMOVE = """
            DELETE FROM parked_message WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = $4 AND message_id = $5
            """;

    private final String consumer;

    public ParkedMessageStore(String consumer) {
        this.consumer = consumer;
    }

    /** A topic and a key. Messages that share both are kept in order. */
    record TopicKey(String topic, ByteBuffer key) {
        static @Nullable TopicKey of(ConsumerRecord<byte[], byte[]> record) {
            return record.key() == null ? null : new TopicKey(record.topic(), ByteBuffer.wrap(record.key()));
        }
    }

    /**
     * Completes with those of the keys that have parked messages, so that later messages must wait behind them. Each key has the ids of the
     * messages that its parked messages wait for.
     */
    Future<Map<TopicKey, Set<UUID>>> parkedKeys(SqlClient tx, Collection<TopicKey> keys) {
        if (keys.isEmpty()) {
            return Future.succeededFuture(Map.of());
        }
        String[] topics = keys.stream().map(TopicKey::topic).toArray(String[]::new);
        Buffer[] bytes =
                keys.stream().map(key -> Buffer.buffer(key.key().array())).toArray(Buffer[]::new);
        return tx.preparedQuery(PARKED_KEYS)
                .execute(Tuple.of(consumer, topics, bytes))
                .map(rows -> {
                    Map<TopicKey, Set<UUID>> parked = HashMap.newHashMap(rows.size());
                    rows.forEach(row -> parked.put(
                            new TopicKey(
                                    row.getString(0),
                                    ByteBuffer.wrap(row.getBuffer(1).getBytes())),
                            awaited(row.getArrayOfUUIDs(2))));
                    return parked;
                });
    }

    /** Parks messages in the order given. */
    public Future<Void> park(SqlClient tx, List<ParkRequest> messages) {
        List<Tuple> rows = new ArrayList<>(messages.size());
        for (ParkRequest parking : messages) {
            DecodedRecord<?> message = parking.message();
            String error = parking.error();
            ConsumerRecord<byte[], byte[]> record = message.source();
            rows.add(Tuple.tuple()
                    .addValue(consumer)
                    .addValue(record.topic())
                    .addValue(record.partition())
                    .addValue(record.offset())
                    .addValue(message.messageId())
                    .addValue(Payloads.buffer(record.key()))
                    .addValue(Payloads.buffer(record.value()))
                    .addValue(Headers.toJson(record.headers()))
                    .addValue(OffsetDateTime.ofInstant(MessageIds.recordTime(record), ZoneOffset.UTC))
                    .addValue(parking.attempts())
                    .addValue(error == null ? null : Headers.toStorable(error))
                    .addValue(SqlValues.seconds(parking.delay()))
                    .addValue(parking.waitsFor()));
        }
        return tx.preparedQuery(PARK).executeBatch(rows).mapEmpty();
    }

    /**
     * Completes with the positions of the messages on these partitions whose next attempt is due: at most one for each key, and at most
     * 100.
     */
    Future<List<Position>> due(SqlClient client, RetriedPartitions partitions) {
        Set<TopicPartition> assigned = partitions.assigned();
        if (assigned.isEmpty()) {
            return Future.succeededFuture(List.of());
        }
        String[] topics = assigned.stream().map(TopicPartition::topic).toArray(String[]::new);
        Integer[] numbers = assigned.stream().map(TopicPartition::partition).toArray(Integer[]::new);
        String[] counted = partitions.partitionCounts().keySet().toArray(String[]::new);
        Integer[] counts =
                Stream.of(counted).map(partitions.partitionCounts()::get).toArray(Integer[]::new);
        return client.preparedQuery(DUE)
                .execute(Tuple.of(consumer, topics, numbers, counted, counts))
                .map(Position::all);
    }

    /**
     * Reads parked messages in order, and locks them until the transaction ends. Messages that are gone or locked by another transaction
     * are left out.
     */
    Future<List<ParkedMessage>> lock(SqlClient tx, Collection<Position> positions) {
        return tx.preparedQuery(LOCK)
                .execute(Position.parameters(consumer, positions))
                .map(rows -> {
                    List<ParkedMessage> locked = new ArrayList<>(rows.size());
                    rows.forEach(row -> locked.add(toParkedMessage(row)));
                    return locked;
                });
    }

    Future<Void> postpone(SqlClient tx, Position position, int attempts, String error, Duration delay) {
        return tx.preparedQuery(POSTPONE)
                .execute(position.parameters(consumer)
                        .addValue(attempts)
                        .addValue(Headers.toStorable(error))
                        .addValue(SqlValues.seconds(delay)))
                .mapEmpty();
    }

    /** Completes with the positions of those of the messages that are parked. */
    Future<Map<UUID, ParkedPosition>> find(SqlClient tx, Collection<UUID> messageIds) {
        if (messageIds.isEmpty()) {
            return Future.succeededFuture(Map.of());
        }
        return tx.preparedQuery(FIND)
                .execute(Tuple.tuple().addValue(consumer).addValue(messageIds.toArray(UUID[]::new)))
                .map(rows -> {
                    Map<UUID, ParkedPosition> found = HashMap.newHashMap(rows.size());
                    rows.forEach(row -> found.put(
                            row.getUUID("message_id"),
                            new ParkedPosition(Position.of(row), SqlValues.duration(row, "due_in"))));
                    return found;
                });
    }

    private static Set<UUID> awaited(UUID @Nullable [] ids) {
        return ids == null ? Set.of() : new HashSet<>(List.of(ids));
    }

    Future<Void> remove(SqlClient tx, Collection<Position> positions) {
        return tx.preparedQuery(REMOVE)
                .executeBatch(positions.stream()
                        .map(position -> position.parameters(consumer))
                        .toList())
                .mapEmpty();
    }

    private static ParkedMessage toParkedMessage(Row row) {
        JsonArray headers = row.getJsonArray("record_headers");
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(
                row.getString("topic"),
                row.getInteger("partition"),
                row.getLong("offset"),
                row.getOffsetDateTime("record_time").toInstant().toEpochMilli(),
                TimestampType.CREATE_TIME,
                ConsumerRecord.NULL_SIZE,
                ConsumerRecord.NULL_SIZE,
                Payloads.bytes(row.getBuffer("record_key")),
                Payloads.bytes(row.getBuffer("record_value")),
                Headers.toKafka(headers),
                Optional.empty());
        return new ParkedMessage(
                record,
                row.getUUID("message_id"),
                row.getInteger("attempts"),
                row.getOffsetDateTime("first_at").toInstant(),
                toPredecessorWait(row),
                row.getUUID("dead_letter"));
    }

    private static @Nullable PredecessorWait toPredecessorWait(Row row) {
        UUID predecessor = row.getUUID("waits_for");
        return predecessor == null
                ? null
                : new PredecessorWait(predecessor, SqlValues.duration(row, "waited"), row.getInteger("asked"));
    }
}
