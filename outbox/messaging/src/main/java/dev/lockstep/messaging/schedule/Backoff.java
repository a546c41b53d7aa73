package dev.lockstep.messaging.schedule;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Waits between attempts. The wait doubles with each failure in a row.
 *
 * @param initial the wait after the first failure
 * @param max the longest wait
 */
public record Backoff(Duration initial, Duration max) {
    // Keeps the product within the range of a Duration.
    private static final int MAX_DOUBLINGS = 20;

    /** Returns the wait after this many failures in a row, at least one. */
    public Duration after(int failures) {
        Duration doubled = initial.multipliedBy(1L << Math.clamp(failures - 1L, 0, MAX_DOUBLINGS));
        return doubled.compareTo(max) < 0 ? doubled : max;
    }

    /** Returns between half of and the whole wait of {@link #after}, at random, so that work that failed together is spread out. */
    public Duration jitteredAfter(int failures) {
        long longest = after(failures).toMillis();
        return Duration.ofMillis(longest / 2 + ThreadLocalRandom.current().nextLong(longest / 2 + 1));
    }
}
