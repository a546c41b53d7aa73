package dev.lockstep.contracts.planted;

import dev.lockstep.messaging.outbox.OutboxMessage;

/** A violation on purpose. */
public final class ContractOnALibrary {
    public String type(OutboxMessage message) {
        return message.type();
    }
}
