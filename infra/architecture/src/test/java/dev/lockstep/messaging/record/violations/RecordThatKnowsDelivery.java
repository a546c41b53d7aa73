package dev.lockstep.messaging.record.violations;

import dev.lockstep.messaging.delivery.ConsumerOptions;

/** A deliberate violation. */
public final class RecordThatKnowsDelivery {
    public String group(ConsumerOptions options) {
        return options.group();
    }
}
