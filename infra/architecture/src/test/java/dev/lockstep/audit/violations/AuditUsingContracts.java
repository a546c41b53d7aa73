package dev.lockstep.audit.violations;

import dev.lockstep.contracts.ReleaseStock;
import dev.lockstep.contracts.Topics;

/** A deliberate violation. */
public final class AuditUsingContracts {
    public String topic() {
        return Topics.of(new ReleaseStock("order"));
    }
}
