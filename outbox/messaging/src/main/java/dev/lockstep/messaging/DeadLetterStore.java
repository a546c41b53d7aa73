package dev.lockstep.messaging;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.impl.TimeBasedEpochGenerator;
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
 * Keeps the records that could not be handled and sends them to {@code <topic>.dlq} through the outbox, in one statement on
 * the caller's transaction: a poison message is routed as atomically as a good one is handled.
 */
final class DeadLetterStore {
    static final String SUFFIX = ".dlq";

    private static final int LONGEST_ERROR = 2000;
    private static final TimeBasedEpochGenerator IDS = Generators.timeBasedEpochGenerator();

    // The unique position makes a second delivery of the same bad record a repeat: no row, no second record on the
    // topic.
    private static final String ADD = """
            WITH failed AS (
                SELECT * FROM unnest($2::uuid[], $3::text[], $4::integer[], $5::bigint[], $6::bytea[], $7::bytea[],
                                     $8::jsonb[], $9::text[], $10::text[], $11::text[], $12::integer[],
                                     $13::timestamptz[], $14::text[], $15::jsonb[], $16::uuid[])
                    AS f (id, topic, partition, "offset", record_key, record_value, record_headers, type, reason, error,
                          attempts, first_at, key_text, dlq_headers, message_id)
            ), letter AS (
                INSERT INTO dead_letter (id, consumer, topic, partition, "offset", record_key, key_text, record_value,
                                         record_headers, type, reason, error, attempts, first_at, message_id)
                SELECT id, $1, topic, partition, "offset", record_key, key_text, record_value, record_headers, type, reason,
                       error, attempts, first_at, message_id
                  FROM failed
                    ON CONFLICT DO NOTHING
                RETURNING id
            )
            INSERT INTO outbox (aggregatetype, aggregateid, type, topic, payload, headers)
            SELECT 'dead-letter', f.key_text, coalesce(f.type, 'unknown'), f.topic || '.dlq', f.record_value, f.dlq_headers
              FROM failed f JOIN letter USING (id)
             ORDER BY f.topic, f.partition, f."offset"
            """;

    private final String consumer;
    private final MessageIds messageIds;

    DeadLetterStore(String consumer, MessageIds messageIds) {
        this.consumer = consumer;
        this.messageIds = messageIds;
    }

    /**
     * A record that will not be handled.
     *
     * @param reason a fixed word to group by
     * @param error what happened to this one
     */
    record DeadLetter(
            ConsumerRecord<byte[], byte[]> source, String reason, String error, int attempts, Instant firstAt) {

        static DeadLetter unprocessable(
                ConsumerRecord<byte[], byte[]> source,
                UnprocessableMessageException cause,
                int attempts,
                Instant firstAt) {
            return new DeadLetter(source, cause.reason(), String.valueOf(cause.getMessage()), attempts, firstAt);
        }
    }

    Future<Void> add(SqlClient tx, List<DeadLetter> letters) {
        if (letters.isEmpty()) {
            return Future.succeededFuture();
        }
        int size = letters.size();
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
        Instant now = Instant.now();
        for (int i = 0; i < size; i++) {
            DeadLetter letter = letters.get(i);
            ConsumerRecord<byte[], byte[]> record = letter.source();
            ids[i] = IDS.generate();
            topics[i] = record.topic();
            partitions[i] = record.partition();
            offsets[i] = record.offset();
            keys[i] = ParkedMessageStore.buffer(record.key());
            values[i] = ParkedMessageStore.buffer(record.value());
            headers[i] = Headers.toJson(record.headers());
            String type = Headers.text(record, "ce_type");
            types[i] = type == null ? null : Headers.storable(type);
            messageIds[i] = this.messageIds.of(record, now);
            reasons[i] = letter.reason();
            errors[i] = shortened(letter.error());
            attempts[i] = letter.attempts();
            firsts[i] = OffsetDateTime.ofInstant(letter.firstAt(), ZoneOffset.UTC);
            keyTexts[i] = Headers.utf8(record.key());
            dlqHeaders[i] = dlqHeaders(ids[i], letter, now);
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
                        .addValue(messageIds))
                .mapEmpty();
    }

    private JsonArray dlqHeaders(UUID id, DeadLetter letter, Instant now) {
        ConsumerRecord<byte[], byte[]> record = letter.source();
        JsonArray all = Headers.toJson(record.headers())
                .add(Headers.pair("dlq_id", id.toString()))
                .add(Headers.pair("dlq_reason", letter.reason()))
                .add(Headers.pair("dlq_error", shortened(letter.error())))
                .add(Headers.pair("dlq_topic", record.topic()))
                .add(Headers.pair("dlq_partition", Integer.toString(record.partition())))
                .add(Headers.pair("dlq_offset", Long.toString(record.offset())))
                .add(Headers.pair("dlq_consumer_group", consumer))
                .add(Headers.pair("dlq_attempts", Integer.toString(letter.attempts())))
                .add(Headers.pair("dlq_first_failed_at", letter.firstAt().toString()))
                .add(Headers.pair("dlq_last_failed_at", now.toString()));
        // The outbox keeps keys as text. One that is not leaves without it, and says here what it was.
        if (record.key() != null && Headers.utf8(record.key()) == null) {
            all.add(Headers.pair("dlq_key", record.key()));
        }
        return all;
    }

    private static String shortened(String error) {
        String text = Headers.storable(error);
        return text.length() <= LONGEST_ERROR ? text : text.substring(0, LONGEST_ERROR) + "...";
    }
}
