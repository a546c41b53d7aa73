package dev.lockstep.payment.domain;

import org.jspecify.annotations.Nullable;

/**
 * The complete outcome of one command.
 *
 * @param payment the new state of the payment, which is also sent as the reply
 * @param posting the money transfer, or null if no money is moved
 */
public record Decision(Payment.Decided payment, @Nullable Posting posting) {
    static Decision withoutPosting(Payment.Decided payment) {
        return new Decision(payment, null);
    }
}
