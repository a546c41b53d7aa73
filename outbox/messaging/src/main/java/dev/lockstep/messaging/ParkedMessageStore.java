package dev.lockstep.messaging;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/** Messages that wait, by key and in order. Every method runs on the caller's connection: the caller owns the transaction. */
final class ParkedMessageStore {
    private static final String PARKED_KEYS = """
            SELECT DISTINCT p.topic, p.record_key
              FROM parked_message p
              JOIN (SELECT DISTINCT * FROM unnest($2::text[], $3::bytea[]) AS k (topic, record_key)) k
                ON p.topic = k.topic AND p.record_key = k.record_key
             WHERE p.consumer = $1
            """;

    private static final String PARK = """
            INSERT INTO parked_message (consumer, topic, partition, "offset", message_id, record_key, record_value,
                                        record_headers, record_time, attempts, error, next_attempt_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now() + make_interval(secs => $12))
            ON CONFLICT DO NOTHING
            """;

    // Only the first of a key may be tried: the others must not overtake it. Records without a key wait for nobody.
    private static final String DUE = """
            SELECT topic, partition, "offset"
              FROM (SELECT DISTINCT ON (topic, record_key, CASE WHEN record_key IS NULL THEN "offset" END)
                           topic, partition, "offset", next_attempt_at
                      FROM parked_message
                     WHERE consumer = $1
                       AND (topic, partition) IN (SELECT * FROM unnest($2::text[], $3::integer[]))
                     ORDER BY topic, record_key, CASE WHEN record_key IS NULL THEN "offset" END, partition, "offset") heads
             WHERE next_attempt_at <= now()
             ORDER BY next_attempt_at
             LIMIT 100
            """;

    private static final String LOCK = """
            SELECT topic, partition, "offset", message_id, record_key, record_value, record_headers, record_time, attempts, first_at
              FROM parked_message
             WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = $4
               FOR UPDATE SKIP LOCKED
            """;

    private static final String POSTPONE = """
            UPDATE parked_message
               SET attempts = $5, error = $6, next_attempt_at = now() + make_interval(secs => $7)
             WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = $4
            """;

    private static final String REMOVE = """
            DELETE FROM parked_message WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = $4
            """;

    private final String consumer;

    ParkedMessageStore(String consumer) {
        this.consumer = consumer;
    }

    /** A topic and a key: what is kept in order. */
    record TopicKey(String topic, ByteBuffer key) {
        static @Nullable TopicKey of(ConsumerRecord<byte[], byte[]> record) {
            return record.key() == null ? null : new TopicKey(record.topic(), ByteBuffer.wrap(record.key()));
        }
    }

    /** A message that waits for another attempt. */
    record Parked(ConsumerRecord<byte[], byte[]> source, UUID messageId, int attempts, Instant firstAt) {}

    /** Which of these keys have messages waiting, so that later ones have to wait behind them. */
    Future<Set<TopicKey>> keysAmong(SqlClient tx, Collection<TopicKey> keys) {
        if (keys.isEmpty()) {
            return Future.succeededFuture(Set.of());
        }
        String[] topics = keys.stream().map(TopicKey::topic).toArray(String[]::new);
        Buffer[] bytes =
                keys.stream().map(key -> Buffer.buffer(key.key().array())).toArray(Buffer[]::new);
        return tx.preparedQuery(PARKED_KEYS)
                .execute(Tuple.of(consumer, topics, bytes))
                .map(rows -> {
                    Set<TopicKey> parked = HashSet.newHashSet(rows.size());
                    rows.forEach(row -> parked.add(new TopicKey(
                            row.getString(0), ByteBuffer.wrap(row.getBuffer(1).getBytes()))));
                    return parked;
                });
    }

    /** Parks messages in the order given. */
    Future<Void> park(
            SqlClient tx, List<? extends Inbound<?>> messages, int attempts, @Nullable String error, Duration delay) {
        if (messages.isEmpty()) {
            return Future.succeededFuture();
        }
        List<Tuple> rows = new ArrayList<>(messages.size());
        for (Inbound<?> message : messages) {
            ConsumerRecord<byte[], byte[]> record = message.source();
            rows.add(Tuple.tuple()
                    .addValue(consumer)
                    .addValue(record.topic())
                    .addValue(record.partition())
                    .addValue(record.offset())
                    .addValue(message.messageId())
                    .addValue(buffer(record.key()))
                    .addValue(buffer(record.value()))
                    .addValue(Headers.toJson(record.headers()))
                    .addValue(OffsetDateTime.ofInstant(Instant.ofEpochMilli(record.timestamp()), ZoneOffset.UTC))
                    .addValue(attempts)
                    .addValue(error)
                    .addValue(seconds(delay)));
        }
        return tx.preparedQuery(PARK).executeBatch(rows).mapEmpty();
    }

    /** Where the messages are whose next attempt is due, at most one a key, on these partitions. */
    Future<List<Position>> due(SqlClient client, Collection<TopicPartition> partitions) {
        if (partitions.isEmpty()) {
            return Future.succeededFuture(List.of());
        }
        String[] topics = partitions.stream().map(TopicPartition::topic).toArray(String[]::new);
        Integer[] numbers = partitions.stream().map(TopicPartition::partition).toArray(Integer[]::new);
        return client.preparedQuery(DUE)
                .execute(Tuple.of(consumer, topics, numbers))
                .map(rows -> {
                    List<Position> due = new ArrayList<>();
                    rows.forEach(row -> due.add(new Position(row.getString(0), row.getInteger(1), row.getLong(2))));
                    return due;
                });
    }

    /** Where a record is. */
    record Position(String topic, int partition, long offset) {
        static Position of(ConsumerRecord<?, ?> record) {
            return new Position(record.topic(), record.partition(), record.offset());
        }
    }

    /** Reads and locks a parked message until the transaction ends; empty if it is gone or somebody else has it. */
    Future<Optional<Parked>> lock(SqlClient tx, Position position) {
        return tx.preparedQuery(LOCK)
                .execute(at(position))
                .map(rows -> rows.size() == 0
                        ? Optional.empty()
                        : Optional.of(parked(rows.iterator().next())));
    }

    Future<Void> postpone(SqlClient tx, Position position, int attempts, String error, Duration delay) {
        return tx.preparedQuery(POSTPONE)
                .execute(at(position).addValue(attempts).addValue(error).addValue(seconds(delay)))
                .mapEmpty();
    }

    Future<Void> remove(SqlClient tx, Position position) {
        return tx.preparedQuery(REMOVE).execute(at(position)).mapEmpty();
    }

    private Tuple at(Position position) {
        return Tuple.tuple()
                .addValue(consumer)
                .addValue(position.topic())
                .addValue(position.partition())
                .addValue(position.offset());
    }

    private static Parked parked(Row row) {
        JsonArray headers = row.getJsonArray("record_headers");
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(
                row.getString("topic"),
                row.getInteger("partition"),
                row.getLong("offset"),
                row.getOffsetDateTime("record_time").toInstant().toEpochMilli(),
                TimestampType.CREATE_TIME,
                ConsumerRecord.NULL_SIZE,
                ConsumerRecord.NULL_SIZE,
                bytes(row.getBuffer("record_key")),
                bytes(row.getBuffer("record_value")),
                Headers.toKafka(headers),
                Optional.empty());
        return new Parked(
                record,
                row.getUUID("message_id"),
                row.getInteger("attempts"),
                row.getOffsetDateTime("first_at").toInstant());
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }

    static @Nullable Buffer buffer(byte @Nullable [] bytes) {
        return bytes == null ? null : Buffer.buffer(bytes);
    }

    @SuppressWarnings("NullAway") // a record's key and value may be null, which its unannotated constructor cannot say
    static byte[] bytes(@Nullable Buffer buffer) {
        return buffer == null ? null : buffer.getBytes();
    }
}
