package dev.lockstep.relay;

import java.time.Duration;

/**
 * Waits between attempts. The wait doubles with each failure in a row.
 *
 * @param initial the wait after the first failure
 * @param max the longest wait
 */
record Backoff(Duration initial, Duration max) {
    // Keeps the product within the range of a Duration.
    private static final int MAX_DOUBLINGS = 20;

    /** Returns the wait after this many failures in a row, at least one. */
    Duration after(int failures) {
        Duration doubled = initial.multipliedBy(1L << Math.clamp(failures - 1L, 0, MAX_DOUBLINGS));
        return doubled.compareTo(max) < 0 ? doubled : max;
    }
}
