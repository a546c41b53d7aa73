package dev.lockstep.messaging.deadletter;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.impl.TimeBasedEpochGenerator;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.record.Headers;
import dev.lockstep.messaging.record.MessageIds;
import dev.lockstep.messaging.record.Payloads;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Stores records that cannot be handled and sends them to {@code <topic>.dlq} through the outbox, in one statement on the caller's
 * transaction. A record therefore becomes a dead letter as atomically as a valid one is handled.
 */
public final class DeadLetterStore {
    static final String TOPIC_SUFFIX = ".dlq";

    private static final int MAX_ERROR_LENGTH = 2000;
    // The topic accepts 2 MiB. The rest is reserved for the headers that describe the failure.
    private static final int MAX_DLQ_RECORD_BYTES = 3 * 512 * 1024;
    private static final TimeBasedEpochGenerator IDS = Generators.timeBasedEpochGenerator();

    // The unique position and id make a second delivery of the same bad record a repeat: it adds no row and sends no
    // second record to the topic. A message that was replayed and failed again arrives at a new position, or as the
    // redelivery of a dead letter; it keeps its place in the order of its key.
    private static final String ADD = """
            WITH failed AS (
                SELECT * FROM unnest($2::uuid[], $3::text[], $4::integer[], $5::bigint[], $6::bytea[], $7::bytea[],
                                     $8::jsonb[], $9::text[], $10::text[], $11::text[], $12::integer[],
                                     $13::timestamptz[], $14::text[], $15::jsonb[], $16::uuid[], $17::text[], $18::text[],
                                     $19::text[], $20::boolean[], $21::uuid[])
                    AS f (id, topic, partition, "offset", record_key, record_value, record_headers, type, reason, error,
                          attempts, first_at, key_text, dlq_headers, message_id, error_class, stack, fingerprint, leaves_whole,
                          redelivery_of)
            ), stored AS (
                INSERT INTO dead_letter (id, consumer, topic, partition, "offset", record_key, key_text, record_value,
                                         record_headers, type, reason, error, attempts, first_at, message_id, error_class, stack,
                                         fingerprint, origin, returned_from, redelivery_of)
                SELECT f.id, $1, f.topic, f.partition, f."offset", f.record_key, f.key_text, f.record_value, f.record_headers, f.type,
                       f.reason, f.error, f.attempts, f.first_at, f.message_id, f.error_class, f.stack, f.fingerprint,
                       CASE WHEN before.partition = f.partition THEN before.origin ELSE f."offset" END, before.replay,
                       f.redelivery_of
                  FROM failed f
                  LEFT JOIN LATERAL (SELECT d.partition, d.origin, d.replay
                                       FROM dead_letter d
                                      WHERE d.id = coalesce(f.redelivery_of,
                                                            (SELECT r.id
                                                               FROM dead_letter r
                                                              WHERE r.message_id = f.message_id AND r.consumer = $1
                                                                AND r.topic = f.topic AND r.state = 'replayed'
                                                              ORDER BY r.id DESC
                                                              LIMIT 1))) before ON true
                    ON CONFLICT (consumer, topic, partition, "offset", message_id, redelivery_of) DO NOTHING
                RETURNING id
            )
            INSERT INTO outbox (aggregatetype, aggregateid, type, topic, payload, headers)
            SELECT 'dead-letter', f.key_text, coalesce(f.type, 'unknown'), f.topic || '.dlq',
                   CASE WHEN f.leaves_whole THEN f.record_value END, f.dlq_headers
              FROM failed f JOIN stored USING (id)
             ORDER BY f.topic, f.partition, f."offset"
            """;

    private final String consumer;

    public DeadLetterStore(String consumer) {
        this.consumer = consumer;
    }

    /**
     * A record that will not be handled.
     *
     * @param reason a fixed word to group by
     * @param error the message of this failure
     * @param cause the exception, if there was one
     * @param redeliveryOf the dead letter that was redelivered, if this record is a redelivery
     */
    public record DeadLetter(
            ConsumerRecord<byte[], byte[]> source,
            String reason,
            String error,
            @Nullable Throwable cause,
            int attempts,
            Instant firstAt,
            @Nullable UUID redeliveryOf) {
        public DeadLetter(
                ConsumerRecord<byte[], byte[]> source,
                String reason,
                String error,
                @Nullable Throwable cause,
                int attempts,
                Instant firstAt) {
            this(source, reason, error, cause, attempts, firstAt, null);
        }

        public DeadLetter redeliveryOf(@Nullable UUID deadLetter) {
            return new DeadLetter(source, reason, error, cause, attempts, firstAt, deadLetter);
        }

        public static DeadLetter unprocessable(
                ConsumerRecord<byte[], byte[]> source,
                UnprocessableMessageException cause,
                int attempts,
                Instant firstAt) {
            return new DeadLetter(
                    source,
                    Headers.toStorable(cause.reason()),
                    String.valueOf(cause.getMessage()),
                    cause,
                    attempts,
                    firstAt);
        }

        /** A record during whose handling the process ended every time it was started. */
        public static DeadLetter crashed(ConsumerRecord<byte[], byte[]> source, int starts, Instant firstAt) {
            return new DeadLetter(
                    source,
                    "CONSUMER_CRASHED",
                    "the process ended each time it handled this record",
                    null,
                    starts,
                    firstAt);
        }

        private @Nullable String errorClass() {
            return cause == null ? null : cause.getClass().getName();
        }

        private @Nullable String stack() {
            return cause == null ? null : Headers.toStorable(StackTraceSummary.of(cause));
        }
    }

    public Future<Void> add(SqlClient tx, List<DeadLetter> deadLetters) {
        if (deadLetters.isEmpty()) {
            return Future.succeededFuture();
        }
        int size = deadLetters.size();
        UUID[] ids = new UUID[size];
        String[] topics = new String[size];
        Integer[] partitions = new Integer[size];
        Long[] offsets = new Long[size];
        @Nullable Buffer[] keys = new @Nullable Buffer[size];
        @Nullable Buffer[] values = new @Nullable Buffer[size];
        Object[] headers = new Object[size];
        @Nullable String[] types = new @Nullable String[size];
        String[] reasons = new String[size];
        String[] errors = new String[size];
        Integer[] attempts = new Integer[size];
        OffsetDateTime[] firsts = new OffsetDateTime[size];
        @Nullable String[] keyTexts = new @Nullable String[size];
        Object[] dlqHeaders = new Object[size];
        UUID[] messageIds = new UUID[size];
        @Nullable String[] errorClasses = new @Nullable String[size];
        @Nullable String[] stacks = new @Nullable String[size];
        String[] fingerprints = new String[size];
        Boolean[] leaveWhole = new Boolean[size];
        @Nullable UUID[] redeliveriesOf = new @Nullable UUID[size];
        Instant now = Instant.now();
        for (int i = 0; i < size; i++) {
            DeadLetter deadLetter = deadLetters.get(i);
            ConsumerRecord<byte[], byte[]> record = deadLetter.source();
            ids[i] = IDS.generate();
            topics[i] = record.topic();
            partitions[i] = record.partition();
            offsets[i] = record.offset();
            keys[i] = Payloads.buffer(record.key());
            values[i] = Payloads.buffer(record.value());
            headers[i] = Headers.toJson(record.headers());
            types[i] = Headers.type(record);
            messageIds[i] = MessageIds.identity(record);
            reasons[i] = deadLetter.reason();
            errors[i] = truncated(deadLetter.error());
            attempts[i] = deadLetter.attempts();
            firsts[i] = OffsetDateTime.ofInstant(deadLetter.firstAt(), ZoneOffset.UTC);
            keyTexts[i] = Headers.key(record);
            errorClasses[i] = deadLetter.errorClass();
            stacks[i] = deadLetter.stack();
            redeliveriesOf[i] = deadLetter.redeliveryOf();
            fingerprints[i] =
                    Fingerprint.of(consumer, record.topic(), types[i], deadLetter.reason(), deadLetter.cause());
            DlqParts parts = DlqParts.of(record);
            leaveWhole[i] = parts.value();
            dlqHeaders[i] = dlqHeaders(ids[i], deadLetter, parts, fingerprints[i], now);
        }
        return tx.preparedQuery(ADD)
                .execute(Tuple.tuple()
                        .addValue(consumer)
                        .addValue(ids)
                        .addValue(topics)
                        .addValue(partitions)
                        .addValue(offsets)
                        .addValue(keys)
                        .addValue(values)
                        .addValue(headers)
                        .addValue(types)
                        .addValue(reasons)
                        .addValue(errors)
                        .addValue(attempts)
                        .addValue(firsts)
                        .addValue(keyTexts)
                        .addValue(dlqHeaders)
                        .addValue(messageIds)
                        .addValue(errorClasses)
                        .addValue(stacks)
                        .addValue(fingerprints)
                        .addValue(leaveWhole)
                        .addValue(redeliveriesOf))
                .mapEmpty();
    }

    /**
     * The parts of a record that are sent to the dead letter topic. A producer that compresses gets larger records through a topic's size
     * limit than the relay does. The relay would retry a refused record forever and hold back everything behind it.
     */
    private record DlqParts(boolean key, boolean headers, boolean value) {
        static DlqParts of(ConsumerRecord<byte[], byte[]> record) {
            long withKey = length(record.key());
            boolean key = withKey <= MAX_DLQ_RECORD_BYTES;
            long withHeaders = (key ? withKey : 0) + Headers.size(record.headers());
            boolean headers = withHeaders <= MAX_DLQ_RECORD_BYTES;
            long withValue = (headers ? withHeaders : key ? withKey : 0) + length(record.value());
            return new DlqParts(key, headers, withValue <= MAX_DLQ_RECORD_BYTES);
        }
    }

    private static int length(byte @Nullable [] bytes) {
        return bytes == null ? 0 : bytes.length;
    }

    private JsonArray dlqHeaders(UUID id, DeadLetter deadLetter, DlqParts parts, String fingerprint, Instant now) {
        ConsumerRecord<byte[], byte[]> record = deadLetter.source();
        JsonArray all = (parts.headers() ? Headers.toJson(record.headers()) : new JsonArray())
                .add(Headers.pair("dlq_id", id.toString()))
                .add(Headers.pair("dlq_reason", deadLetter.reason()))
                .add(Headers.pair("dlq_error", truncated(deadLetter.error())))
                .add(Headers.pair("dlq_fingerprint", fingerprint))
                .add(Headers.pair("dlq_topic", record.topic()))
                .add(Headers.pair("dlq_partition", Integer.toString(record.partition())))
                .add(Headers.pair("dlq_offset", Long.toString(record.offset())))
                .add(Headers.pair("dlq_consumer_group", consumer))
                .add(Headers.pair("dlq_attempts", Integer.toString(deadLetter.attempts())))
                .add(Headers.pair("dlq_first_failed_at", deadLetter.firstAt().toString()))
                .add(Headers.pair("dlq_last_failed_at", now.toString()));
        String errorClass = deadLetter.errorClass();
        if (errorClass != null) {
            all.add(Headers.pair("dlq_error_class", errorClass));
        }
        // The outbox stores keys as text. A record whose key is not text, or is too long, is sent without a key, and
        // this header carries it.
        if (record.key() != null && Headers.key(record) == null) {
            all.add(
                    parts.key()
                            ? Headers.pair("dlq_key", record.key())
                            : Headers.pair("dlq_key_omitted", Integer.toString(record.key().length)));
        }
        if (!parts.headers()) {
            all.add(Headers.pair("dlq_headers_omitted", Long.toString(Headers.size(record.headers()))));
        }
        if (!parts.value()) {
            all.add(Headers.pair("dlq_value_omitted", Integer.toString(length(record.value()))));
        }
        return all;
    }

    private static String truncated(String error) {
        return Headers.truncate(Headers.toStorable(error), MAX_ERROR_LENGTH);
    }
}
