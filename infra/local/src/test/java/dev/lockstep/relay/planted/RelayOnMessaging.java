package dev.lockstep.relay.planted;

import dev.lockstep.messaging.outbox.OutboxMessage;

/** A violation on purpose. */
public final class RelayOnMessaging {
    public String type(OutboxMessage message) {
        return message.type();
    }
}
