package dev.lockstep.embedded.violations;

import dev.lockstep.contracts.Money;

/** A deliberate violation. */
public final class EmbeddedUsingContracts {
    public Money price() {
        return new Money(1, "KRW");
    }
}
