package dev.lockstep.faults;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits with a time limit. */
final class Waiting {
    private static final Duration PAUSE = Duration.ofMillis(50);

    private Waiting() {}

    /**
     * Polls the condition every 50 ms until it is true.
     *
     * @param what the condition, for the error message
     * @throws FaultsException if the condition is not met within the limit, or the thread is interrupted
     */
    static void until(String what, Duration limit, BooleanSupplier condition) {
        if (!isMetWithin(limit, condition)) {
            throw new FaultsException("timed out after " + limit.toSeconds() + " s waiting for " + what);
        }
    }

    /**
     * Whether the condition was met within the limit.
     *
     * @throws FaultsException if the thread is interrupted
     */
    static boolean isMetWithin(Duration limit, BooleanSupplier condition) {
        long end = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                return false;
            }
            pause(PAUSE);
        }
        return true;
    }

    /**
     * Waits for the duration, so that a fault lasts.
     *
     * @throws FaultsException if the thread is interrupted
     */
    static void pause(Duration duration) {
        long end = System.nanoTime() + duration.toNanos();
        for (long left = duration.toNanos(); left > 0; left = end - System.nanoTime()) {
            if (Thread.currentThread().isInterrupted()) {
                throw new FaultsException("interrupted");
            }
            LockSupport.parkNanos(Math.min(left, TimeUnit.SECONDS.toNanos(1)));
        }
    }
}
