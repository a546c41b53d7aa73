package dev.lockstep.relay.violations;

import dev.lockstep.messaging.outbox.OutboxMessage;

/** A deliberate violation. */
public final class RelayUsingMessaging {
    public String type(OutboxMessage message) {
        return message.type();
    }
}
