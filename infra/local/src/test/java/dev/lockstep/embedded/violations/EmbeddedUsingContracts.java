package dev.lockstep.embedded.violations;

import dev.lockstep.contracts.Money;

/** A violation on purpose. */
public final class EmbeddedUsingContracts {
    public Money price() {
        return new Money(1, "KRW");
    }
}
