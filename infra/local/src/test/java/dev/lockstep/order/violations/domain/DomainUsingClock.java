package dev.lockstep.order.violations.domain;

import java.time.Instant;

/** A violation on purpose. */
public final class DomainUsingClock {
    public Instant deadline() {
        return Instant.now();
    }
}
