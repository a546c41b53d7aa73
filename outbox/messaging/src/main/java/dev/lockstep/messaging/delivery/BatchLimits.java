package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.transaction.BoundedTransactions.Limits;
import java.time.Duration;

/** How long a consumer's transactions may take and wait. */
final class BatchLimits {
    /** For what is not a batch: counting attempts, putting a message aside, reading what is due. */
    static final Limits BOOKKEEPING = new Limits(Duration.ofSeconds(10), Duration.ofSeconds(2));
    /** For parked messages that are retried together. Short, so that a message that hangs delays the others little. */
    static final Limits BATCH_RETRY = new Limits(Duration.ofSeconds(1), Duration.ofMillis(50));
    /** For one parked message. Other messages wait meanwhile. */
    static final Limits SINGLE_RETRY = new Limits(Duration.ofSeconds(5), Duration.ofMillis(50));

    private static final Duration BATCH_TIMEOUT = Duration.ofSeconds(20);
    private static final Duration MIN_PART_TIMEOUT = Duration.ofSeconds(3);
    // Longer than another consumer's or a request's transaction usually takes, and short enough for those behind it.
    private static final Duration FULL_LOCK_WAIT = Duration.ofMillis(500);
    private static final Duration SHORT_LOCK_WAIT = Duration.ofMillis(20);

    private BatchLimits() {}

    /**
     * For a part of a batch. The smaller a part is, the less time it gets, so that the search for a message that takes for ever
     * ends soon.
     *
     * @param patient whether nothing of the batch has met a locked row so far
     */
    static Limits ofPart(int size, int whole, boolean patient) {
        Duration share = BATCH_TIMEOUT.multipliedBy(size).dividedBy(Math.max(1, whole));
        return new Limits(
                share.compareTo(MIN_PART_TIMEOUT) < 0 ? MIN_PART_TIMEOUT : share,
                patient ? FULL_LOCK_WAIT : SHORT_LOCK_WAIT);
    }
}
