package dev.lockstep.messaging.outbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.lockstep.messaging.record.Json;
import org.jspecify.annotations.Nullable;

/**
 * A message to be sent if, and only if, the transaction it is appended in commits.
 *
 * @param aggregateType what kind of thing the message is about, such as {@code order}
 * @param aggregateId which of them; it becomes the Kafka key, and messages of one key are sent in the order of their commits
 * @param type what it says, such as {@code OrderCreated}; it becomes the {@code ce_type} header
 * @param topic where it goes
 * @param payload the record's value; not copied, so leave it alone afterwards
 * @param traceparent the W3C trace context that the message belongs to, if any; one that is not valid is left out
 * @param first whether no message of this topic and key was ever appended before, so that none is looked for
 */
// An array as a component: a copy a message would cost more than it protects, and no one compares outbox messages.
@SuppressWarnings("ArrayRecordComponent")
public record OutboxMessage(
        String aggregateType,
        String aggregateId,
        String type,
        String topic,
        byte[] payload,
        @Nullable String traceparent,
        boolean first) {

    /** Writes the message as JSON under its class's simple name. */
    public static OutboxMessage of(
            String aggregateType, String aggregateId, String topic, Object message, @Nullable String traceparent) {
        String type = message.getClass().getSimpleName();
        try {
            byte[] payload = Json.MAPPER.writeValueAsBytes(message);
            return new OutboxMessage(aggregateType, aggregateId, type, topic, payload, traceparent, false);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(type + " of " + aggregateId + " cannot be written as JSON", e);
        }
    }

    /**
     * The same message, known to be the first of its topic and key, as what announces a new aggregate is. That saves the
     * outbox a look for the one before it; where it is not true, readers cannot tell that one is missing.
     */
    public OutboxMessage asFirst() {
        return new OutboxMessage(aggregateType, aggregateId, type, topic, payload, traceparent, true);
    }
}
