package dev.lockstep.order.violations;

import dev.lockstep.relay.OutboxRelay;

/** A violation on purpose. */
public final class ShellUsingRelay {
    public void stop(OutboxRelay relay) {
        relay.close();
    }
}
