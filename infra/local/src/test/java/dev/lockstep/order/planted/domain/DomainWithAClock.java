package dev.lockstep.order.planted.domain;

import java.time.Instant;

/** A violation on purpose. */
public final class DomainWithAClock {
    public Instant deadline() {
        return Instant.now();
    }
}
