package dev.lockstep.messaging;

import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Asks the service that sent a message to send it again, as somebody has not received it. It goes through the outbox of whoever
 * misses it.
 *
 * @param source who sent it, as in {@code ce_source}
 * @param topic where it should have been
 * @param key of which key, if that is text, and not too long for an index
 * @param messageId its {@code ce_id}
 */
public record ResendRequested(
        String source, String topic, @Nullable String key, UUID messageId) {
    /** Read by every service that sends anything. */
    public static final String TOPIC = "lockstep.resend-requests";

    private static final int LONGEST_SOURCE = 255;
    // Kafka's own limit.
    private static final int LONGEST_TOPIC = 249;
    private static final int LONGEST_KEY = 1_000;

    public ResendRequested {
        refuse(textProblem(source, "source", LONGEST_SOURCE));
        refuse(textProblem(topic, "topic", LONGEST_TOPIC));
        // Any text may be a key, also one with line feeds.
        refuse(key != null && key.length() > LONGEST_KEY ? "key must have at most " + LONGEST_KEY + " characters" : null);
        refuse(messageId == null ? "messageId is required" : null);
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

    /** Asks for the message before this one, unless this one does not say who sent it, or says what no service can be called. */
    static Optional<OutboxMessage> forMessage(ConsumerRecord<byte[], byte[]> record, UUID previous) {
        String source = Headers.text(record, "ce_source");
        if (source == null || textProblem(source, "source", LONGEST_SOURCE) != null) {
            return Optional.empty();
        }
        ResendRequested request = new ResendRequested(source, record.topic(), Headers.key(record), previous);
        return Optional.of(OutboxMessage.of("resend-request", aggregateId(record, previous), TOPIC, request, null));
    }

    /** What the outbox knows the requests by that concern this message's key. */
    static String aggregateId(ConsumerRecord<byte[], byte[]> record, UUID previous) {
        String key = Headers.key(record);
        return key == null ? previous.toString() : key;
    }
}
