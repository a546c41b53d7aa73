package dev.lockstep.messaging.deadletter;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.record.MessageIds;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The destination to which a replay delivers dead letters: the consumer group that failed to handle them, or their topic, which every group
 * of the topic reads.
 */
public enum ReplayDestination {
    GROUP(ReplayDestination.HAS_ACTIVE_GROUP, "true", "true", ReplayDestination.REDELIVER),
    TOPIC("true", ReplayDestination.KEY_IS_TEXT, ReplayDestination.FITS, ReplayDestination.RESEND);

    private static final int SUBSCRIPTION_EXPIRES_AFTER_SECONDS = 120;

    /** A consumer that has not renewed its subscription for this long counts as stopped. */
    public static final Duration SUBSCRIPTION_EXPIRES_AFTER = Duration.ofSeconds(SUBSCRIPTION_EXPIRES_AFTER_SECONDS);

    // Kafka accepts 1,048,588 bytes a batch by default; this leaves room for the overhead of the batch and its record,
    // and for one added header. The headers as JSON text are at least as large as Kafka's encoding of them.
    static final int MAX_RESENT_BYTES = 1_048_000;

    private static final String HAS_ACTIVE_GROUP = """
            EXISTS (SELECT FROM consumer_subscription s
                     WHERE s.consumer = d.consumer AND s.topic = d.topic
                       AND s.seen_at > now() - interval '""" + SUBSCRIPTION_EXPIRES_AFTER_SECONDS + " seconds')";

    private static final String KEY_IS_TEXT = "(d.record_key IS NULL OR d.key_text IS NOT NULL)";

    private static final String FITS = """
            (coalesce(octet_length(d.record_key), 0) + coalesce(octet_length(d.record_value), 0)
             + octet_length(d.record_headers::text) <=""" + " " + MAX_RESENT_BYTES + ")";

    // If the message was handled in the meantime, or is parked already, the inbox claim makes the dead letter a repeat:
    // it is settled, and nothing is redelivered. The offset at which the message first stood keeps the order of its
    // key: before messages parked behind it, after those before it. The record time matters only for records without
    // ce_id or ce_time, because their id is derived from its day.
    private static final String REDELIVER = """
            ), filed AS (
                SELECT t.*, inbox_id(coalesce(t.message_id, t.id), make_interval(secs => %1$s), %2$d) AS inbox_id
                  FROM taken t
            ), claimed AS (
                INSERT INTO inbox (message_id, consumer, topic, partition, "offset")
                SELECT DISTINCT ON (inbox_id, consumer) inbox_id, consumer, topic, partition, origin
                  FROM filed
                 ORDER BY inbox_id, consumer, origin
                    ON CONFLICT DO NOTHING
                RETURNING message_id, consumer
            ), delivered AS (
                INSERT INTO parked_message (consumer, topic, partition, "offset", message_id, record_key, record_value, record_headers,
                                            record_time, attempts, next_attempt_at, dead_letter)
                SELECT DISTINCT ON (f.inbox_id, f.consumer) f.consumer, f.topic, f.partition, f.origin, f.inbox_id, f.record_key,
                       f.record_value, f.record_headers, coalesce(uuid_extract_timestamp(f.message_id), f.first_at), 0, now(), f.id
                  FROM filed f JOIN claimed c ON c.message_id = f.inbox_id AND c.consumer = f.consumer
                 ORDER BY f.inbox_id, f.consumer, f.origin, f.id DESC
                    ON CONFLICT DO NOTHING
            """;

    // The record is sent as it arrived, including its ce_id, so that consumers that have handled it recognise a repeat.
    // A record without ce_id gets the id that the inbox derived from its position; otherwise, if the relay repeated the
    // replay, consumers would see two messages. For a ce_id that is not a UUIDv7 the inbox derived an id with the day
    // on which the record was sent. That day is sent as ce_time, because the id derived on another day would be that of
    // another message.
    private static final String RESEND = """
            ), delivered AS (
                INSERT INTO outbox (aggregatetype, aggregateid, type, topic, payload, headers)
                SELECT 'dead-letter', key_text, coalesce(type, 'unknown'), topic, record_value,
                       CASE WHEN message_id IS NULL THEN record_headers
                            WHEN NOT record_headers @> '[["ce_id"]]'
                            THEN record_headers || jsonb_build_array(jsonb_build_array('ce_id',
                                 encode(convert_to(message_id::text, 'UTF8'), 'base64')))
                            WHEN record_headers @> '[["ce_time"]]' OR record_headers @> jsonb_build_array(jsonb_build_array(
                                 'ce_id', encode(convert_to(message_id::text, 'UTF8'), 'base64')))
                            THEN record_headers
                            ELSE record_headers || jsonb_build_array(jsonb_build_array('ce_time', encode(convert_to(
                                 to_char(uuid_extract_timestamp(message_id) AT TIME ZONE 'UTC',
                                         'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'UTF8'), 'base64')))
                       END
                  FROM taken
                 ORDER BY topic, partition, origin, id
            """;

    private final String hasActiveGroup;
    private final String keyIsText;
    private final String fits;
    private final String deliver;

    ReplayDestination(String hasActiveGroup, String keyIsText, String fits, String deliver) {
        this.hasActiveGroup = hasActiveGroup;
        this.keyIsText = keyIsText;
        this.fits = fits;
        this.deliver = deliver;
    }

    /** @throws Problem 400 naming {@code to} unless it is {@code group}, {@code topic} or null, which means {@code group} */
    static ReplayDestination of(@Nullable String to) {
        return switch (to) {
            case null -> GROUP;
            case "group" -> GROUP;
            case "topic" -> TOPIC;
            default ->
                throw Problem.badRequest(
                        "to",
                        "must be group (the consumer group of the dead letters) or topic (all groups that read the"
                                + " topic), but was \"" + to + "\"");
        };
    }

    /** The name of the destination in requests and in the database. */
    @JsonValue
    String value() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** SQL: whether an instance of the consumer group of the dead letter {@code d} reads its topic; true if that is irrelevant. */
    String hasActiveGroup() {
        return hasActiveGroup;
    }

    /** SQL: whether the outbox can store the key of the dead letter {@code d}; true if that is irrelevant. */
    String keyIsText() {
        return keyIsText;
    }

    /** SQL: whether Kafka accepts a record as large as the dead letter {@code d}; true if that is irrelevant. */
    String fits() {
        return fits;
    }

    /** SQL: whether the dead letter {@code d} can be delivered at all, whatever its age. */
    String isDeliverable() {
        return "%s AND %s AND %s".formatted(hasActiveGroup, keyIsText, fits);
    }

    /**
     * SQL: ends the common table expression {@code taken}, which holds whole rows of {@code dead_letter}, and begins another one that
     * delivers them.
     *
     * @param retention the statement parameter with the inbox's retention in seconds
     */
    String deliver(String retention) {
        return deliver.formatted(retention, MessageIds.DAYS_AHEAD);
    }
}
