package dev.lockstep.audit;

import java.util.List;

/** A check that looks at one order after the other. Pure: it sees what was read, never the stores. */
interface OrderCheck {
    void examine(OrderEvidence dossier);

    /** What it came to, once it has seen every order. */
    List<CheckResult> results();
}
