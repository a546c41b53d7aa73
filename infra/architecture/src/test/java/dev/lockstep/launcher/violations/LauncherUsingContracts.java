package dev.lockstep.launcher.violations;

import dev.lockstep.contracts.Money;

/** A deliberate violation. */
public final class LauncherUsingContracts {
    public Money price() {
        return new Money(1, "KRW");
    }
}
