package dev.lockstep.order.planted.domain;

import java.util.UUID;

/** A violation on purpose. */
public final class DomainWithDice {
    public UUID id() {
        return UUID.randomUUID();
    }
}
