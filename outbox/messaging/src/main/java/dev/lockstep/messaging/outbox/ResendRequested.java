package dev.lockstep.messaging.outbox;

import dev.lockstep.messaging.record.Headers;
import dev.lockstep.messaging.record.PrintableText;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * A request to the sender of a message to send it again, or to all senders of a topic to send all its messages since a time again, because
 * the reader has not received them. The reader appends the request to its own outbox.
 *
 * @param source the sender, as in {@code ce_source}; {@link #EVERY_SENDER} for a request by time
 * @param topic the topic on which the messages are missing
 * @param key the key of the missing message, if it is text and short enough for an index
 * @param messageId the {@code ce_id} of the missing message. A request by time has a new UUIDv7 here, which is the id of no message:
 *     senders of an older version that ignore {@code since} then find nothing to send
 * @param since if present, all messages of the topic written at this time or later are missing, in ISO 8601
 */
public record ResendRequested(
        String source,
        String topic,
        @Nullable String key,
        UUID messageId,
        @Nullable String since) {
    /** The topic of resend requests. Every service that sends messages reads it. */
    public static final String TOPIC = "lockstep.resend-requests";

    /** The source of a request whose sender the reader does not know: each service resends its own messages. */
    public static final String EVERY_SENDER = "*";

    private static final int MAX_SOURCE_LENGTH = 255;
    // The limit of Kafka.
    private static final int MAX_TOPIC_LENGTH = 249;
    private static final int MAX_KEY_LENGTH = 1_000;
    private static final Instant FIRST_TIME = Instant.EPOCH;
    private static final Instant LAST_TIME = Instant.parse("9999-12-31T23:59:59Z");

    /** Fails with an {@link IllegalArgumentException} that names the invalid member, so that the record becomes a dead letter. */
    public ResendRequested {
        refuse(textProblem(source, "source", MAX_SOURCE_LENGTH));
        refuse(textProblem(topic, "topic", MAX_TOPIC_LENGTH));
        refuse(keyProblem(key));
        refuse(messageId == null ? "messageId is required" : null);
        if (since != null) {
            instant(since);
        }
    }

    /** Creates a request for one message. */
    public ResendRequested(String source, String topic, @Nullable String key, UUID messageId) {
        this(source, topic, key, messageId, null);
    }

    private static void refuse(@Nullable String problem) {
        if (problem != null) {
            throw new IllegalArgumentException(problem);
        }
    }

    private static @Nullable String textProblem(@Nullable String text, String member, int longest) {
        if (text == null) {
            return member + " is required";
        }
        if (text.isBlank() || text.length() > longest) {
            return member + " must be text of 1 to " + longest + " characters, not blank";
        }
        return PrintableText.isPlain(text)
                ? null
                : member + " must not contain control characters or half of a surrogate pair";
    }

    // Any text is a valid key, including text with line feeds.
    private static @Nullable String keyProblem(@Nullable String key) {
        return key != null && key.length() > MAX_KEY_LENGTH
                ? "key must have at most " + MAX_KEY_LENGTH + " characters"
                : null;
    }

    /** Creates a request for the message before this record. Empty if the record has no source, or one that is not a valid source. */
    public static Optional<OutboxMessage> forMessage(ConsumerRecord<byte[], byte[]> record, UUID previous) {
        String source = Headers.text(record, "ce_source");
        if (source == null || textProblem(source, "source", MAX_SOURCE_LENGTH) != null) {
            return Optional.empty();
        }
        ResendRequested request = new ResendRequested(source, record.topic(), Headers.key(record), previous);
        return Optional.of(OutboxMessage.of("resend-request", aggregateId(record, previous), TOPIC, request, null));
    }

    /**
     * Creates a request to every sender for all messages of a topic since a time.
     *
     * @param id a new UUIDv7
     */
    public static OutboxMessage forTopic(String topic, Instant since, UUID id) {
        ResendRequested request = new ResendRequested(EVERY_SENDER, topic, null, id, since.toString());
        return OutboxMessage.of("resend-request", id.toString(), TOPIC, request, null)
                .asFirst();
    }

    /**
     * The aggregate id of the requests for this record's key: the key, or the id of the missing message if the record has no usable key.
     */
    public static String aggregateId(ConsumerRecord<byte[], byte[]> record, UUID previous) {
        String key = Headers.key(record);
        return key == null ? previous.toString() : key;
    }

    /** The time of a request by time; empty for a request for one message. */
    public Optional<Instant> sinceTime() {
        return Optional.ofNullable(since).map(ResendRequested::instant);
    }

    private static Instant instant(String since) {
        try {
            Instant time = Instant.parse(since);
            if (time.isBefore(FIRST_TIME) || time.isAfter(LAST_TIME)) {
                throw new DateTimeParseException("is out of range", since, 0);
            }
            return time;
        } catch (DateTimeParseException malformed) {
            throw new IllegalArgumentException(
                    "since must be a time such as 2026-01-31T12:00:00Z, but was \"" + since + "\"", malformed);
        }
    }
}
