package dev.lockstep.messaging.outbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.lockstep.messaging.record.Json;
import org.jspecify.annotations.Nullable;

/**
 * A message that is sent if, and only if, the transaction that appends it commits.
 *
 * @param aggregateType the type of the aggregate that the message is about, such as {@code order}
 * @param aggregateId the id of the aggregate; it becomes the Kafka key, and messages of one key are sent in the order of their commits
 * @param type the message type, such as {@code OrderCreated}; it becomes the {@code ce_type} header
 * @param topic the destination topic
 * @param payload the record's value; it is not copied, so do not modify it afterwards
 * @param traceparent the W3C trace context of the message, if any; an invalid one is omitted
 * @param first whether no message of this topic and key was ever appended before, so that no predecessor is looked up
 */
// The component is an array: copying every message would cost more than it protects, and messages are never compared.
@SuppressWarnings("ArrayRecordComponent")
public record OutboxMessage(
        String aggregateType,
        String aggregateId,
        String type,
        String topic,
        byte[] payload,
        @Nullable String traceparent,
        boolean first) {

    /** Serialises the message as JSON; its type is the simple name of its class. */
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
     * Returns the same message, marked as the first one of its topic and key, such as the message that announces a new aggregate. The
     * outbox then skips the lookup of the predecessor. If the mark is wrong, readers cannot detect that an earlier message is missing.
     */
    public OutboxMessage asFirst() {
        return new OutboxMessage(aggregateType, aggregateId, type, topic, payload, traceparent, true);
    }
}
