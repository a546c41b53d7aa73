package dev.lockstep.contracts.violations;

import dev.lockstep.messaging.outbox.OutboxMessage;

/** A deliberate violation. */
public final class ContractUsingMessaging {
    public String type(OutboxMessage message) {
        return message.type();
    }
}
