package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.schedule.Backoff;
import java.time.Duration;
import java.util.UUID;

/** Texts and times for messages whose predecessor is missing. */
final class SequenceGap {
    static final String REASON = "SEQUENCE_GAP";

    private SequenceGap() {}

    static String describe(UUID missing) {
        return REASON + ": the previous message, " + missing + ", has not arrived";
    }

    /** Returns the failure of messages whose {@code ce_previousid} headers form a loop. */
    static UnprocessableMessageException sequenceLoop() {
        return new UnprocessableMessageException(
                "SEQUENCE_LOOP", "the ce_previousid headers form a loop that includes this message");
    }

    /**
     * Returns how long after a gap was detected the sender is asked, given the number of earlier requests. At most {@code giveUpAfter},
     * when the message is given up.
     */
    static Duration resendRequestDelay(ConsumerOptions options, int asked) {
        return new Backoff(options.gaps().resendAfter(), options.gaps().giveUpAfter()).after(asked + 1);
    }
}
