package dev.lockstep.relay;

import java.time.Duration;

/**
 * How long a statement that compares rows may take: twice as long each time that this was not enough. The first after days without a
 * relay counts millions of rows, and would never get there if it started over with the same limit.
 */
final class StepLimit {
    private static final Duration USUAL = Duration.ofMinutes(1);
    private static final Duration MOST = Duration.ofHours(1);

    private Duration now = USUAL;

    Duration now() {
        return now;
    }

    void exceeded() {
        Duration twice = now.multipliedBy(2);
        now = twice.compareTo(MOST) > 0 ? MOST : twice;
    }

    /** Says whether that changes it. */
    boolean kept() {
        boolean longer = now.compareTo(USUAL) > 0;
        now = USUAL;
        return longer;
    }
}
