package dev.lockstep.audit;

import java.time.Duration;

/**
 * When things are judged: what was there before the audit began to wait, and is still under way after that, is stuck; what came
 * later is not judged unless it has ended.
 *
 * @param begun in milliseconds, by the databases' clock
 * @param waited how long the audit waited at most; none means that nothing is called stuck
 * @param outboxSince since when the outboxes hold everything, in milliseconds: messages of older orders may be gone
 */
record Moment(long begun, Duration waited, long outboxSince) {
    boolean calls(long since) {
        return !leavesOpen() && since < begun;
    }

    /** Whether what is under way is neither stuck nor in time, for it had no time. */
    boolean leavesOpen() {
        return waited.isZero();
    }

    boolean isBefore(long time) {
        return time < begun;
    }

    boolean covers(long placedAt) {
        return placedAt >= outboxSince;
    }
}
