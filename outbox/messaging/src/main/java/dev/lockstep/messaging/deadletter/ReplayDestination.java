package dev.lockstep.messaging.deadletter;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.record.MessageIds;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where a replay delivers dead letters: to the consumer group whose dead letters they are, or to their topic, which every group of the
 * topic reads.
 */
public enum ReplayDestination {
    GROUP(ReplayDestination.HAS_ACTIVE_GROUP, "true", "true", ReplayDestination.REDELIVER),
    TOPIC("true", ReplayDestination.KEY_IS_TEXT, ReplayDestination.FITS, ReplayDestination.RESEND);

    /** A consumer that has not renewed its subscription for this long does not run. */
    public static final Duration SUBSCRIPTION_EXPIRES_AFTER = Duration.ofMinutes(2);

    // What Kafka takes by default, 1,048,588 bytes a batch, less what a batch and its record need, and a header that is
    // added. As text the headers are no smaller than what Kafka makes of them.
    static final int MAX_RESENT_BYTES = 1_048_000;

    private static final String HAS_ACTIVE_GROUP = """
            EXISTS (SELECT FROM consumer_subscription s
                     WHERE s.consumer = d.consumer AND s.topic = d.topic AND s.seen_at > now() - interval '2 minutes')
            """;

    private static final String KEY_IS_TEXT = "(d.record_key IS NULL OR d.key_text IS NOT NULL)";

    private static final String FITS = """
            (coalesce(octet_length(d.record_key), 0) + coalesce(octet_length(d.record_value), 0)
             + octet_length(d.record_headers::text) <= 1048000)
            """;

    // The inbox claim makes the letter of a message that was handled meanwhile, or is parked already, a repeat: it is
    // settled, and nothing is redelivered. Where the message stood first keeps the order of its key: before what is
    // parked behind it, after what came before it. The time matters only to records without ce_id or ce_time, whose id
    // was made with its day.
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

    // The record goes back as it came, ce_id included: consumers that did handle it recognise a repeat. To one that
    // came without, the id that the inbox made of its place is given, or its replay, if the relay repeats it, would be
    // two messages. Of an id that is no UUIDv7 the inbox made one with the day on which the record was sent, which is
    // given to it as its time, or on another day it would be another message.
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
        this.hasActiveGroup = hasActiveGroup.strip();
        this.keyIsText = keyIsText;
        this.fits = fits.strip();
        this.deliver = deliver;
    }

    /** @throws Problem 400 naming {@code to} for anything but {@code group}, {@code topic}, or nothing, which is {@code group} */
    static ReplayDestination of(@Nullable String to) {
        return switch (to) {
            case null -> GROUP;
            case "group" -> GROUP;
            case "topic" -> TOPIC;
            default ->
                throw Problem.badRequest(
                        "to",
                        "must be group, the consumer group whose dead letters they are, or topic, which all its groups"
                                + " read, but was \"" + to + "\"");
        };
    }

    /** As requests and the database say it. */
    @JsonValue
    String value() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** SQL: whether the consumer group of the letter {@code d} runs and reads its topic, if that matters. */
    String hasActiveGroup() {
        return hasActiveGroup;
    }

    /** SQL: whether the outbox can keep the key of the letter {@code d}, if that matters. */
    String keyIsText() {
        return keyIsText;
    }

    /** SQL: whether Kafka takes a record as large as the letter {@code d}, if that matters. */
    String fits() {
        return fits;
    }

    /** SQL: whether the letter {@code d} can be delivered at all, whatever its age. */
    String isDeliverable() {
        return "%s AND %s AND %s".formatted(hasActiveGroup, keyIsText, fits);
    }

    /**
     * SQL: ends the common table expression {@code taken}, which holds whole rows of {@code dead_letter}, and begins another that
     * delivers them.
     *
     * @param retention the parameter with the inbox's retention in seconds
     */
    String deliver(String retention) {
        return deliver.formatted(retention, MessageIds.DAYS_AHEAD);
    }
}
