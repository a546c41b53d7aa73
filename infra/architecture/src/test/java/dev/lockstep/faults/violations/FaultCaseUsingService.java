package dev.lockstep.faults.violations;

import dev.lockstep.payment.domain.Money;

/** A deliberate violation. */
public final class FaultCaseUsingService {
    public String price(Money money) {
        return money.currency();
    }
}
