package dev.lockstep.runtime.planted;

import dev.lockstep.contracts.Money;

/** A violation on purpose. */
public final class RuntimeThatKnowsMessages {
    public Money price() {
        return new Money(1, "KRW");
    }
}
