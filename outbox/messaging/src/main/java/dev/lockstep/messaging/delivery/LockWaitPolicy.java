package dev.lockstep.messaging.delivery;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Remembers that a batch has waited for a locked row in vain. A row that somebody keeps locked is met again by the next batch; for a
 * few seconds batches then wait for locks only briefly, so that the others in them are not held up each time.
 */
final class LockWaitPolicy {
    private static final long SHORT_WAIT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final LongSupplier nanoTime;
    private long shortWaitSince;
    private boolean shortWait;

    LockWaitPolicy(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Whether to wait as long for a lock as other transactions usually take. */
    boolean allowsFullWait() {
        if (shortWait && nanoTime.getAsLong() - shortWaitSince >= SHORT_WAIT_NANOS) {
            shortWait = false;
        }
        return !shortWait;
    }

    /** A lock was not to be had. This does not prolong a running period: each begins with a wait in full. */
    void timedOut() {
        if (allowsFullWait()) {
            shortWait = true;
            shortWaitSince = nanoTime.getAsLong();
        }
    }
}
