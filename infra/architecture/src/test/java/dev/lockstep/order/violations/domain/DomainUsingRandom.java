package dev.lockstep.order.violations.domain;

import java.util.UUID;

/** A deliberate violation. */
public final class DomainUsingRandom {
    public UUID id() {
        return UUID.randomUUID();
    }
}
