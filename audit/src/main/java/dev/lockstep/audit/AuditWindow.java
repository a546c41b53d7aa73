package dev.lockstep.audit;

import java.time.Duration;

/**
 * Decides which work the audit may judge. Work that existed before the audit began to wait and is still in progress afterwards is stuck.
 * Later work is judged only once it has ended.
 *
 * @param startedAt when the audit began to wait, in milliseconds, by the databases' clock
 * @param maxWait how long the audit waited at most; with zero nothing is reported as stuck
 * @param outboxCompleteSince since when the outboxes are complete, in milliseconds; messages of older orders may be gone
 */
record AuditWindow(long startedAt, Duration maxWait, long outboxCompleteSince) {
    boolean isStuck(long since) {
        return !leavesUndecided() && since < startedAt;
    }

    /** Whether work in progress stays undecided: the audit did not wait, so such work is neither stuck nor finished in time. */
    boolean leavesUndecided() {
        return maxWait.isZero();
    }

    boolean startedAfter(long time) {
        return time < startedAt;
    }

    boolean outboxCovers(long placedAt) {
        return placedAt >= outboxCompleteSince;
    }
}
