package dev.lockstep.audit.violations;

import dev.lockstep.contracts.ReleaseStock;
import dev.lockstep.contracts.Topics;

/** A violation on purpose. */
public final class AuditUsingContracts {
    public String topic() {
        return Topics.of(new ReleaseStock("order"));
    }
}
