package dev.lockstep.faults;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of a case. The figures cover the orders of this case; the auditor's verdict covers the whole system.
 *
 * @param accepted how many orders were answered 202
 * @param lost accepted orders that do not exist, or whose accepted cancellation did not hold
 * @param doubled orders beyond those that were requested
 * @param stuck orders without an end, and clients without an answer
 * @param verdict the auditor's verdict, or null if it could not be run
 * @param executionError why the case could not be carried out, or null if it was
 * @param failedCheck the harm that a check of the case found, or null if it found none
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
        @Nullable String failedCheck,
        List<String> remarks) {
    Outcome {
        remarks = List.copyOf(remarks);
    }

    /** Whether the case was carried out, the auditor found nothing, and no order was lost, doubled or stuck. */
    boolean holds() {
        return executionError == null
                && failedCheck == null
                && verdict != null
                && verdict.holds()
                && lost + doubled + stuck == 0;
    }

    /** A short text that says why the case does not hold. */
    String failureReason() {
        List<String> reasons = new ArrayList<>();
        if (executionError != null) {
            reasons.add(executionError);
        }
        if (failedCheck != null) {
            reasons.add(failedCheck);
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
