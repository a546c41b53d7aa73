package dev.lockstep.runtime.violations;

import dev.lockstep.contracts.Money;

/** A violation on purpose. */
public final class RuntimeUsingContracts {
    public Money price() {
        return new Money(1, "KRW");
    }
}
