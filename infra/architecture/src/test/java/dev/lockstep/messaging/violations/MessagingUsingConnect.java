package dev.lockstep.messaging.violations;

import org.apache.kafka.connect.data.Struct;

/** A deliberate violation. */
public final class MessagingUsingConnect {
    public Object field(Struct row) {
        return row.get("id");
    }
}
