package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.failure.UnprocessableMessageException;
import java.time.Duration;
import java.util.UUID;

/** What is said and done about a message whose predecessor is missing, and when. */
final class SequenceGap {
    static final String REASON = "SEQUENCE_GAP";
    private static final int MAX_DOUBLINGS = 20;

    private SequenceGap() {}

    static String describe(UUID missing) {
        return REASON + ": the message before it, " + missing + ", has not arrived";
    }

    /** What is wrong with messages that each say of the other that it comes before. */
    static UnprocessableMessageException sequenceLoop() {
        return new UnprocessableMessageException(
                "SEQUENCE_LOOP", "ce_previousid leads from message to message, and back to this one");
    }

    /** How long after a gap was seen the sender is asked, after so many times; the last look is when it is given up. */
    static Duration resendRequestDelay(ConsumerOptions options, int asked) {
        Duration next = options.gapResendAfter().multipliedBy(1L << Math.min(asked, MAX_DOUBLINGS));
        return next.compareTo(options.gapGiveUpAfter()) < 0 ? next : options.gapGiveUpAfter();
    }
}
