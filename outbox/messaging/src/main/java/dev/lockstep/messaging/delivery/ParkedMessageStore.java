package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.record.Headers;
import dev.lockstep.messaging.record.MessageIds;
import dev.lockstep.messaging.record.Payloads;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
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
               AND (topic, partition) IN (SELECT * FROM unnest($2::text[], $3::integer[]))
             ORDER BY next_attempt_at
             LIMIT 100
            """;

    // The planner does not flatten a subquery that locks rows. Each message is therefore an index lookup, even in a
    // plan that was made while the table was empty. COUNT_FIRST_STARTS relies on this too.
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

    // As in AttemptStore, synchronous_commit is off. A transaction that has the row locked is retrying the message, and
    // has counted the start.
    private static final String COUNT_START = """
            UPDATE parked_message p SET starts = CASE WHEN $6 THEN 1 ELSE p.starts + 1 END
              FROM (SELECT id
                      FROM parked_message, (SELECT set_config('synchronous_commit', 'off', true)) AS relaxed
                     WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = $4 AND message_id = $5
                       FOR UPDATE OF parked_message SKIP LOCKED) free
             WHERE p.id = free.id
            RETURNING p.starts
            """;

    // The running total of the values' sizes limits how much the consumer holds in memory at once.
    public static final String COUNT_FIRST_STARTS = """
            WITH free AS (
                SELECT p.id, at.position, octet_length(p.record_value) AS bytes
                  FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::uuid[])
                       WITH ORDINALITY AS at (topic, partition, "offset", message_id, position),
                       LATERAL (SELECT m.id, m.record_value
                                  FROM parked_message m
                                 WHERE m.consumer = $1 AND m.topic = at.topic AND m.partition = at.partition
                                   AND m."offset" = at."offset" AND m.message_id = at.message_id AND m.starts = 0
                                   FOR UPDATE SKIP LOCKED) p,
                       (SELECT set_config('synchronous_commit', 'off', true)) AS relaxed
            ), fitting AS (
                SELECT id FROM (SELECT id, sum(bytes) OVER (ORDER BY position) AS total FROM free) AS totals
                 WHERE total IS NULL OR total <= $6
            )
            UPDATE parked_message p SET starts = 1
             WHERE p.id = ANY (ARRAY(SELECT id FROM fitting))
            RETURNING p.topic, p.partition, p."offset", p.message_id
            """;

    private static final String POSTPONE = """
            UPDATE parked_message
               SET starts = 0, attempts = $6, error = $7, next_attempt_at = now() + make_interval(secs => $8),
                   waits_for = NULL, waits_since = NULL, asked = 0
             WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = $4 AND message_id = $5
            """;

    private static final String WAIT_FOR = """
            UPDATE parked_message
               SET starts = 0, waits_for = $6, waits_since = now(), asked = 0, error = $7, next_attempt_at = now() + make_interval(secs => $8)
             WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = $4 AND message_id = $5
            """;

    private static final String WAIT_BEHIND = """
            UPDATE parked_message
               SET starts = 0, waits_for = $6, waits_since = coalesce(waits_since, now()),
                   next_attempt_at = now() + make_interval(secs => $7)
             WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = $4 AND message_id = $5
            """;

    private static final String RECORD_RESEND_REQUEST = """
            UPDATE parked_message SET starts = 0, asked = $6, next_attempt_at = now() + make_interval(secs => $7)
             WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = $4 AND message_id = $5
            """;

    private static final String MAKE_DUE = """
            UPDATE parked_message SET next_attempt_at = least(next_attempt_at, now())
             WHERE consumer = $1 AND waits_for = ANY ($2)
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
     * A message to be parked.
     *
     * @param attempts the number of attempts so far; 0 for a message that waits behind others or for its predecessor
     * @param delay the time until the next attempt
     * @param waitsFor the missing predecessor, or null if the message does not wait for one
     */
    public record ParkRequest(
            DecodedRecord<?> message,
            int attempts,
            @Nullable String error,
            Duration delay,
            @Nullable UUID waitsFor) {
        /** Creates a request for a message that waits behind others of its key. */
        static ParkRequest queued(DecodedRecord<?> message) {
            return new ParkRequest(message, 0, null, Duration.ZERO, null);
        }
    }

    /**
     * A message that waits for another attempt.
     *
     * @param waitsFor the predecessor that the message waits for, or null
     * @param waited how long the message has waited for its predecessor
     * @param resendRequests how often the sender was asked to resend the predecessor
     * @param deadLetter the dead letter that this message redelivers, if it is a redelivery
     */
    record ParkedMessage(
            ConsumerRecord<byte[], byte[]> source,
            UUID messageId,
            int attempts,
            Instant firstAt,
            @Nullable UUID waitsFor,
            Duration waited,
            int resendRequests,
            @Nullable UUID deadLetter) {
        Position position() {
            return new Position(source.topic(), source.partition(), source.offset(), messageId);
        }
    }

    /** The position of a parked message, and the time until it may be retried. */
    record ParkedPosition(Position position, Duration dueIn) {}

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
                    .addValue(seconds(parking.delay()))
                    .addValue(parking.waitsFor()));
        }
        return tx.preparedQuery(PARK).executeBatch(rows).mapEmpty();
    }

    /**
     * Completes with the positions of the messages on these partitions whose next attempt is due: at most one for each key, and at most
     * 100.
     */
    Future<List<Position>> due(SqlClient client, Collection<TopicPartition> partitions) {
        if (partitions.isEmpty()) {
            return Future.succeededFuture(List.of());
        }
        String[] topics = partitions.stream().map(TopicPartition::topic).toArray(String[]::new);
        Integer[] numbers = partitions.stream().map(TopicPartition::partition).toArray(Integer[]::new);
        return client.preparedQuery(DUE)
                .execute(Tuple.of(consumer, topics, numbers))
                .map(ParkedMessageStore::positions);
    }

    /** The position of a record, and its message id: a recreated topic has other records at the same positions. */
    record Position(String topic, int partition, long offset, UUID messageId) {
        TopicPartition topicPartition() {
            return new TopicPartition(topic, partition);
        }

        static Position of(Row row) {
            return new Position(
                    row.getString("topic"),
                    row.getInteger("partition"),
                    row.getLong("offset"),
                    row.getUUID("message_id"));
        }
    }

    /**
     * Reads parked messages in order, and locks them until the transaction ends. Messages that are gone or locked by another transaction
     * are left out.
     */
    Future<List<ParkedMessage>> lock(SqlClient tx, Collection<Position> positions) {
        return tx.preparedQuery(LOCK).execute(at(positions)).map(rows -> {
            List<ParkedMessage> locked = new ArrayList<>(rows.size());
            rows.forEach(row -> locked.add(toParkedMessage(row)));
            return locked;
        });
    }

    /**
     * Counts a retry before it is started.
     *
     * @param survived whether this process survived all counted starts; the count then begins again at 1
     * @return completes with the count; 0 if the message is gone or locked by another transaction
     */
    Future<Integer> countStart(SqlClient client, Position position, boolean survived) {
        return client.preparedQuery(COUNT_START)
                .execute(at(position).addValue(survived))
                .map(rows -> rows.size() == 0 ? 0 : rows.iterator().next().getInteger(0));
    }

    /**
     * Counts a retry, before it is started, for each of the messages that has none.
     *
     * @param mostBytes the maximum total size of the messages' values
     * @return completes with the counted messages. A message is left out if it is gone, locked by another transaction, was started before,
     *     or exceeds the size together with those before it
     */
    Future<List<Position>> countFirstStarts(SqlClient client, Collection<Position> positions, long mostBytes) {
        return client.preparedQuery(COUNT_FIRST_STARTS)
                .execute(at(positions).addValue(mostBytes))
                .map(ParkedMessageStore::positions);
    }

    Future<Void> postpone(SqlClient tx, Position position, int attempts, String error, Duration delay) {
        return tx.preparedQuery(POSTPONE)
                .execute(at(position)
                        .addValue(attempts)
                        .addValue(Headers.toStorable(error))
                        .addValue(seconds(delay)))
                .mapEmpty();
    }

    /** Makes the message wait for a missing one. */
    Future<Void> waitFor(SqlClient tx, Position position, UUID missing, String error, Duration delay) {
        return tx.preparedQuery(WAIT_FOR)
                .execute(at(position).addValue(missing).addValue(error).addValue(seconds(delay)))
                .mapEmpty();
    }

    /** Makes the message wait for one that has arrived and is parked itself. */
    Future<Void> waitBehind(SqlClient tx, Position position, UUID parked, Duration delay) {
        return tx.preparedQuery(WAIT_BEHIND)
                .execute(at(position).addValue(parked).addValue(seconds(delay)))
                .mapEmpty();
    }

    Future<Void> recordResendRequest(SqlClient tx, Position position, int asked, Duration delay) {
        return tx.preparedQuery(RECORD_RESEND_REQUEST)
                .execute(at(position).addValue(asked).addValue(seconds(delay)))
                .mapEmpty();
    }

    /** Makes the messages due that wait for one of these messages. */
    Future<Void> makeDue(SqlClient tx, Collection<UUID> arrived) {
        return tx.preparedQuery(MAKE_DUE)
                .execute(Tuple.tuple().addValue(consumer).addValue(arrived.toArray(UUID[]::new)))
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
                            new ParkedPosition(Position.of(row), duration(row.getDouble("due_in")))));
                    return found;
                });
    }

    private static Set<UUID> awaited(UUID @Nullable [] ids) {
        return ids == null ? Set.of() : new HashSet<>(List.of(ids));
    }

    private static Duration duration(double seconds) {
        return Duration.ofMillis((long) (seconds * 1000));
    }

    Future<Void> remove(SqlClient tx, Collection<Position> positions) {
        return tx.preparedQuery(REMOVE)
                .executeBatch(positions.stream().map(this::at).toList())
                .mapEmpty();
    }

    private static List<Position> positions(RowSet<Row> rows) {
        List<Position> positions = new ArrayList<>(rows.size());
        rows.forEach(row -> positions.add(Position.of(row)));
        return positions;
    }

    private Tuple at(Collection<Position> positions) {
        return Tuple.tuple()
                .addValue(consumer)
                .addValue(positions.stream().map(Position::topic).toArray(String[]::new))
                .addValue(positions.stream().map(Position::partition).toArray(Integer[]::new))
                .addValue(positions.stream().map(Position::offset).toArray(Long[]::new))
                .addValue(positions.stream().map(Position::messageId).toArray(UUID[]::new));
    }

    private Tuple at(Position position) {
        return Tuple.tuple()
                .addValue(consumer)
                .addValue(position.topic())
                .addValue(position.partition())
                .addValue(position.offset())
                .addValue(position.messageId());
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
                row.getUUID("waits_for"),
                duration(row.getDouble("waited")),
                row.getInteger("asked"),
                row.getUUID("dead_letter"));
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }
}
