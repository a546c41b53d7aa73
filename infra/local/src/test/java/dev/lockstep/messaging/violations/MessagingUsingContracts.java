package dev.lockstep.messaging.violations;

import dev.lockstep.contracts.ReleaseStock;
import dev.lockstep.contracts.Topics;

/** A violation on purpose. */
public final class MessagingUsingContracts {
    public String topic() {
        return Topics.of(new ReleaseStock("order"));
    }
}
