package dev.lockstep.order.violations.domain;

import java.util.UUID;

/** A violation on purpose. */
public final class DomainUsingRandom {
    public UUID id() {
        return UUID.randomUUID();
    }
}
