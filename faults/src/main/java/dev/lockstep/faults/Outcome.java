package dev.lockstep.faults;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a case came to. Figures are of this case's orders; the auditor looks at everything.
 *
 * @param accepted how many orders were answered 202
 * @param lost orders that were accepted and are not there, or whose cancellation was
 * @param doubled orders that nobody asked for a second time
 * @param stuck orders without an end, and clients without an answer
 * @param verdict what the auditor said, or null if it could not be asked
 * @param executionError why the case could not be carried out, or null if it was
 */
record Outcome(
        FaultCase faultCase,
        int injected,
        int accepted,
        long lost,
        long doubled,
        long stuck,
        Duration longestStall,
        Duration slowestOrder,
        Auditor.@Nullable Verdict verdict,
        @Nullable String executionError,
        List<String> remarks) {
    Outcome {
        remarks = List.copyOf(remarks);
    }

    /** Whether nothing was lost, nothing doubled, nothing stuck, and the case was what it says. */
    boolean holds() {
        return executionError == null && verdict != null && verdict.holds() && lost + doubled + stuck == 0;
    }

    /** Why it does not hold, in a few words. */
    String failureReason() {
        List<String> reasons = new ArrayList<>();
        if (executionError != null) {
            reasons.add(executionError);
        }
        if (lost > 0) {
            reasons.add(lost + " lost");
        }
        if (doubled > 0) {
            reasons.add(doubled + " doubled");
        }
        if (stuck > 0) {
            reasons.add(stuck + " stuck");
        }
        if (verdict != null && !verdict.holds()) {
            reasons.add("auditor: " + verdict.summary());
        }
        return reasons.isEmpty() ? "holds" : String.join("; ", reasons);
    }
}
