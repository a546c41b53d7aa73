package dev.lockstep.faults;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waiting for something, with an end. */
final class Waiting {
    private static final Duration PAUSE = Duration.ofMillis(50);

    private Waiting() {}

    /** @throws FaultsException if it does not come about in time */
    static void until(String what, Duration limit, BooleanSupplier condition) {
        if (!isMetWithin(limit, condition)) {
            throw new FaultsException("waited " + limit.toSeconds() + " s in vain for " + what);
        }
    }

    /** Whether the condition came about in time. */
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

    /** Lets time pass, which is what a fault that lasts is about. */
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
