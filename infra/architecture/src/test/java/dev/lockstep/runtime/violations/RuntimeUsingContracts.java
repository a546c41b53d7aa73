package dev.lockstep.runtime.violations;

import dev.lockstep.contracts.Money;

/** A deliberate violation. */
public final class RuntimeUsingContracts {
    public Money price() {
        return new Money(1, "KRW");
    }
}
