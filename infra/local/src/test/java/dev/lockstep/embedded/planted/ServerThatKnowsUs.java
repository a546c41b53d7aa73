package dev.lockstep.embedded.planted;

import dev.lockstep.contracts.Money;

/** A violation on purpose. */
public final class ServerThatKnowsUs {
    public Money price() {
        return new Money(1, "KRW");
    }
}
