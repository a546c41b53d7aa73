package dev.lockstep.messaging.delivery;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A message as it was received for the first time.
 *
 * @param messageId what the inbox knows it by
 * @param key the record's key as text, or null if it had none
 * @param traceparent to be passed on to the messages that this one causes; null if the record has none that is valid
 */
public record ReceivedMessage<M>(
        M message,
        UUID messageId,
        String topic,
        int partition,
        long offset,
        @Nullable String key,
        @Nullable String traceparent) {}
