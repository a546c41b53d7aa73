package dev.lockstep.bench.process;

import dev.lockstep.bench.BenchException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits with a time limit. */
public final class Waiting {
    private static final Duration PAUSE = Duration.ofMillis(20);

    private Waiting() {}

    /**
     * Polls the condition until it is true.
     *
     * @param what the condition, for the error message
     * @throws BenchException if the condition is not met within the limit, or the thread is interrupted
     */
    public static void until(String what, Duration limit, BooleanSupplier condition) {
        until(what, limit, PAUSE, condition);
    }

    public static void until(String what, Duration limit, Duration interval, BooleanSupplier condition) {
        long end = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new BenchException("timed out after " + limit.toSeconds() + " s waiting for " + what);
            }
            pause(interval);
        }
    }

    /**
     * Waits for the duration, so that something can be observed for that long.
     *
     * @throws BenchException if the thread is interrupted
     */
    public static void pause(Duration duration) {
        long end = System.nanoTime() + duration.toNanos();
        for (long left = duration.toNanos(); left > 0; left = end - System.nanoTime()) {
            if (Thread.currentThread().isInterrupted()) {
                throw new BenchException("interrupted");
            }
            LockSupport.parkNanos(Math.min(left, TimeUnit.SECONDS.toNanos(1)));
        }
    }
}
