package dev.lockstep.order.violations;

import dev.lockstep.relay.OutboxRelay;

/** A deliberate violation: not even the App of a service starts a relay itself. */
public final class RelayingApp {
    public void start(OutboxRelay relay) {
        relay.start();
    }
}
