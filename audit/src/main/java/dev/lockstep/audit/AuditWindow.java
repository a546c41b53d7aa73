package dev.lockstep.audit;

import java.time.Duration;

/**
 * When things are judged: what was there before the audit began to wait, and is still under way after that, is stuck; what came
 * later is not judged unless it has ended.
 *
 * @param startedAt in milliseconds, by the databases' clock
 * @param maxWait how long the audit waited at most; none means that nothing is called stuck
 * @param outboxCompleteSince since when the outboxes hold everything, in milliseconds: messages of older orders may be gone
 */
record AuditWindow(long startedAt, Duration maxWait, long outboxCompleteSince) {
    boolean isStuck(long since) {
        return !leavesUndecided() && since < startedAt;
    }

    /** Whether what is under way is neither stuck nor in time, for it had no time. */
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
