package dev.lockstep.order.violations;

import dev.lockstep.relay.OutboxRelay;

/** A deliberate violation. */
public final class ShellUsingRelay {
    public void stop(OutboxRelay relay) {
        relay.close();
    }
}
