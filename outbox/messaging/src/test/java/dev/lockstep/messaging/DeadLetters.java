package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;

import dev.lockstep.messaging.deadletter.DeadLetterStore;
import dev.lockstep.messaging.deadletter.DeadLetterStore.DeadLetter;
import dev.lockstep.messaging.record.Headers;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.record.TimestampType;

/** Inserts dead letters directly, without a consumer. */
public final class DeadLetters {
    private static final String INSERT = """
            INSERT INTO dead_letter (id, consumer, topic, partition, "offset", record_key, key_text, record_value, record_headers,
                                     type, reason, error, attempts, first_at, message_id, error_class, fingerprint, origin)
            SELECT uuidv7(), 'group', 'greetings', 0, n, convert_to('k' || n % $3, 'UTF8'), 'k' || n % $3,
                   convert_to('v' || n, 'UTF8'),
                   jsonb_build_array(jsonb_build_array('ce_type', encode('Hello', 'base64')),
                                     jsonb_build_array('ce_id', encode(convert_to(id::text, 'UTF8'), 'base64'))),
                   'Hello', 'HANDLER_FAILED', 'no greeting for ' || n, 5, now(), id, 'java.lang.IllegalStateException',
                   '00000000000000aa', n
              FROM (SELECT n, uuidv7() AS id FROM generate_series($1::bigint, $2::bigint) n) numbered
             ORDER BY n DESC
            """;

    private static final String REPLAYED = """
            SELECT record_headers, record_value FROM dead_letter WHERE state = 'replayed' AND "offset" = $1
            """;

    private static final String AGE = """
            WITH aged AS MATERIALIZED (SELECT uuidv7(-$1::text::interval) AS id)
            UPDATE dead_letter
               SET message_id = aged.id,
                   record_headers = jsonb_set(record_headers, '{1,1}',
                                              to_jsonb(encode(convert_to(aged.id::text, 'UTF8'), 'base64')))
              FROM aged
             WHERE "offset" = $2
            """;

    private static final String SUBSCRIBE = """
            INSERT INTO consumer_subscription (consumer, topic, seen_at) VALUES ('group', 'greetings', now() + interval '1 day')
            """;

    private final Fixture fixture;

    DeadLetters(Fixture fixture) {
        this.fixture = fixture;
    }

    /** Makes the consumer group of these dead letters count as running. */
    DeadLetters withSubscription() {
        await(fixture.pool.query(SUBSCRIBE).execute());
        return this;
    }

    /** Inserts dead letters at these offsets of the topic greetings, the last offset first, with alternating keys. */
    void insert(int from, int to, int keys) {
        await(fixture.pool.preparedQuery(INSERT).execute(Tuple.of((long) from, (long) to, (long) keys)));
    }

    /** Inserts a dead letter for a record whose handler failed, as a consumer does. */
    void insert(ConsumerRecord<byte[], byte[]> source, String error) {
        DeadLetter deadLetter = new DeadLetter(source, "HANDLER_FAILED", error, null, 5, Instant.now());
        await(new DeadLetterStore("group").add(fixture.pool, List.of(deadLetter)));
    }

    /** Inserts a new dead letter for a replayed one that was read again at another offset and failed again. */
    void failAgain(long offset, long again) {
        Row row = await(fixture.pool.preparedQuery(REPLAYED).execute(Tuple.of(offset)))
                .iterator()
                .next();
        ConsumerRecord<byte[], byte[]> source = new ConsumerRecord<>(
                "greetings",
                0,
                again,
                Instant.now().toEpochMilli(),
                TimestampType.CREATE_TIME,
                ConsumerRecord.NULL_SIZE,
                ConsumerRecord.NULL_SIZE,
                "k0".getBytes(java.nio.charset.StandardCharsets.UTF_8),
                row.getBuffer("record_value").getBytes(),
                Headers.toKafka(row.getJsonArray("record_headers")),
                Optional.empty());
        DeadLetter deadLetter =
                new DeadLetter(source, "HANDLER_FAILED", "again", new IllegalStateException("again"), 5, Instant.now());
        await(new DeadLetterStore("group").add(fixture.pool, List.of(deadLetter)));
    }

    /** Sets the age of the message of the dead letter at this offset. */
    void setMessageAge(int offset, String interval) {
        await(fixture.pool.preparedQuery(AGE).execute(Tuple.of(interval, (long) offset)));
    }

    UUID id(long offset) {
        return UUID.fromString(fixture.strings("SELECT id FROM dead_letter WHERE \"offset\" = " + offset)
                .getFirst());
    }

    /** The outbox rows of the topic, in the order in which they are sent. */
    List<String> sent() {
        return fixture.strings("SELECT aggregateid || ' ' || convert_from(payload, 'UTF8') FROM outbox"
                + " WHERE topic = 'greetings' ORDER BY id");
    }

    /** The messages that are redelivered to the group, in the order in which it handles those of each key. */
    List<String> redelivered() {
        return fixture.strings("SELECT convert_from(record_key, 'UTF8') || ' ' || convert_from(record_value, 'UTF8')"
                + " FROM parked_message WHERE consumer = 'group' ORDER BY record_key, partition, \"offset\"");
    }

    List<String> open() {
        return fixture.strings("SELECT \"offset\" FROM dead_letter WHERE state = 'open' ORDER BY \"offset\"");
    }
}
