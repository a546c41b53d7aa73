package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.transaction.BoundedTransactions.Limits;
import java.time.Duration;

/** Time limits of a consumer's transactions. */
final class BatchLimits {
    /** For transactions other than batches: counting attempts, parking a message, reading the messages that are due. */
    static final Limits BOOKKEEPING = new Limits(Duration.ofSeconds(10), Duration.ofSeconds(2));
    /** For parked messages that are retried together. Short, so that a hanging message delays the others only a little. */
    static final Limits BATCH_RETRY = new Limits(Duration.ofSeconds(1), Duration.ofMillis(50));
    /** For the retry of one parked message. Other messages wait meanwhile. */
    static final Limits SINGLE_RETRY = new Limits(Duration.ofSeconds(5), Duration.ofMillis(50));

    private static final Duration BATCH_TIMEOUT = Duration.ofSeconds(20);
    private static final Duration MIN_PART_TIMEOUT = Duration.ofSeconds(3);
    // Longer than another consumer's transaction or a request's transaction usually takes, and short enough that later
    // messages are hardly delayed.
    private static final Duration FULL_LOCK_WAIT = Duration.ofMillis(500);
    private static final Duration SHORT_LOCK_WAIT = Duration.ofMillis(20);

    /** After this time, messages that still fail or time out are parked without further bisection. */
    static final Duration MAX_BISECTION = Duration.ofSeconds(40);

    /**
     * How long a batch takes at most: its transaction times out, then those of its parts do until the bisection has taken too long, and
     * then the rest is parked.
     */
    static final Duration MAX_BATCH_DURATION = ofPart(1, 1, true)
            .longest()
            .plus(MAX_BISECTION)
            .plus(ofPart(1, 2, true).longest())
            .plus(BOOKKEEPING.longest());

    private BatchLimits() {}

    /**
     * Returns the limits for a part of a batch. A smaller part gets less time, so that the search for a message that never completes ends
     * soon.
     *
     * @param fullLockWait whether to use the full lock wait, because no message of the batch has met a locked row so far
     */
    static Limits ofPart(int size, int whole, boolean fullLockWait) {
        Duration share = BATCH_TIMEOUT.multipliedBy(size).dividedBy(Math.max(1, whole));
        return new Limits(
                share.compareTo(MIN_PART_TIMEOUT) < 0 ? MIN_PART_TIMEOUT : share,
                fullLockWait ? FULL_LOCK_WAIT : SHORT_LOCK_WAIT);
    }
}
