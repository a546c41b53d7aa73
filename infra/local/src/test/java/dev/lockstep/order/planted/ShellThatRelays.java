package dev.lockstep.order.planted;

import dev.lockstep.relay.OutboxRelay;

/** A violation on purpose. */
public final class ShellThatRelays {
    public void stop(OutboxRelay relay) {
        relay.close();
    }
}
