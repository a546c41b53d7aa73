package dev.lockstep.messaging.planted;

import dev.lockstep.contracts.ReleaseStock;
import dev.lockstep.contracts.Topics;

/** A violation on purpose. */
public final class MessagingThatKnowsOrders {
    public String topic() {
        return Topics.of(new ReleaseStock("order"));
    }
}
