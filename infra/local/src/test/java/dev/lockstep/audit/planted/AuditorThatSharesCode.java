package dev.lockstep.audit.planted;

import dev.lockstep.contracts.ReleaseStock;
import dev.lockstep.contracts.Topics;

/** A violation on purpose. */
public final class AuditorThatSharesCode {
    public String topic() {
        return Topics.of(new ReleaseStock("order"));
    }
}
