package dev.lockstep.messaging.delivery;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Shortens lock waits after a batch has waited for a locked row in vain. If that row stays locked, the next batch meets it again. For a few
 * seconds, batches therefore wait only briefly for locks, so that their other messages are not delayed each time.
 */
final class LockWaitPolicy {
    private static final long SHORT_WAIT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final LongSupplier nanoTime;
    private long shortWaitSince;
    private boolean shortWait;

    LockWaitPolicy(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Whether to wait for a lock as long as other transactions usually take. */
    boolean allowsFullWait() {
        if (shortWait && nanoTime.getAsLong() - shortWaitSince >= SHORT_WAIT_NANOS) {
            shortWait = false;
        }
        return !shortWait;
    }

    /**
     * Records that a lock could not be acquired. This does not prolong a running period of short waits: each period begins with a full
     * wait.
     */
    void timedOut() {
        if (allowsFullWait()) {
            shortWait = true;
            shortWaitSince = nanoTime.getAsLong();
        }
    }
}
