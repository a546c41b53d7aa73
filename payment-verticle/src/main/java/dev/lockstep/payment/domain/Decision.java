package dev.lockstep.payment.domain;

import org.jspecify.annotations.Nullable;

/**
 * The whole outcome of one command.
 *
 * @param payment how the payment stands now, which is also the answer
 * @param posting the money that moves, or null when none does
 */
public record Decision(Payment.Decided payment, @Nullable Posting posting) {
    static Decision withoutPosting(Payment.Decided payment) {
        return new Decision(payment, null);
    }
}
