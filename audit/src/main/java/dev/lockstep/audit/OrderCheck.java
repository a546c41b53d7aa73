package dev.lockstep.audit;

import java.util.List;

/** A check that examines one order after the other. It does no I/O: it sees only the evidence that was read, never the stores. */
interface OrderCheck {
    void examine(OrderEvidence evidence);

    /** Returns the results. Complete once every order was examined. */
    List<CheckResult> results();
}
