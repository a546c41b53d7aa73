package dev.lockstep.order.violations.domain;

import java.time.Instant;

/** A deliberate violation. */
public final class DomainUsingClock {
    public Instant deadline() {
        return Instant.now();
    }
}
