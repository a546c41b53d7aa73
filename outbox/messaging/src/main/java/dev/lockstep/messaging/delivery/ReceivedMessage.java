package dev.lockstep.messaging.delivery;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A message that was received for the first time.
 *
 * @param messageId the id under which the inbox stores the message
 * @param key the record's key as text, or null if it had none
 * @param traceparent passed on to the messages that this one causes; null if the record has no valid one
 */
public record ReceivedMessage<M>(
        M message,
        UUID messageId,
        String topic,
        int partition,
        long offset,
        @Nullable String key,
        @Nullable String traceparent) {}
