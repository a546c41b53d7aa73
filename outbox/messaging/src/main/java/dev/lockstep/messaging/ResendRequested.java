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

    /** Asks for the message before this one, unless this one does not say who sent it. */
    static Optional<OutboxMessage> forMessage(ConsumerRecord<byte[], byte[]> record, UUID previous) {
        String source = Headers.text(record, "ce_source");
        if (source == null) {
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
