package dev.lockstep.messaging.violations;

import dev.lockstep.contracts.ReleaseStock;
import dev.lockstep.contracts.Topics;

/** A deliberate violation. */
public final class MessagingUsingContracts {
    public String topic() {
        return Topics.of(new ReleaseStock("order"));
    }
}
