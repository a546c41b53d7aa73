package dev.lockstep.payment.domain;

import dev.lockstep.payment.domain.Payment.Charged;
import dev.lockstep.payment.domain.Payment.Declined;
import dev.lockstep.payment.domain.Payment.Refunded;
import dev.lockstep.payment.domain.Payment.Unseen;
import dev.lockstep.payment.domain.PaymentCommand.Charge;
import dev.lockstep.payment.domain.PaymentCommand.Refund;
import org.jspecify.annotations.Nullable;

/**
 * State machine of a payment.
 *
 * <pre>
 * Unseen ──Charge──▶ Charged ──Refund──▶ Refunded (the money is returned)
 *    │ ╰───Charge──▶ Declined ──Refund──▶ Refunded (no money had moved)
 *    ╰─────Refund──────────────────────▶ Refunded (a tombstone)
 * </pre>
 *
 * <p>Commands are delivered at least once, and a refund may arrive before the charge that it undoes. A repeated command changes nothing and
 * is answered with the current state. A charge that arrives after the refund takes no money.
 */
public final class PaymentDecider {
    /**
     * Decides one command.
     *
     * @param account the account of the user who is to be charged or was charged; null if the user has none
     */
    // No default branch, here or below: code that does not handle a new command or state must not compile.
    public Decision decide(Payment payment, @Nullable Account account, PaymentCommand command) {
        return switch (command) {
            case Charge charge -> onCharge(payment, account, charge);
            case Refund refund -> onRefund(payment);
        };
    }

    private static Decision onCharge(Payment payment, @Nullable Account account, Charge charge) {
        return switch (payment) {
            case Unseen first -> tryCharge(account, charge);
            case Charged repeat -> Decision.withoutPosting(repeat);
            case Declined repeat -> Decision.withoutPosting(repeat);
            case Refunded calledOff -> Decision.withoutPosting(calledOff);
        };
    }

    private static Decision tryCharge(@Nullable Account account, Charge charge) {
        if (account == null) {
            return decline(charge, DeclineReason.UNKNOWN_ACCOUNT);
        }
        if (!account.hasCurrency(charge.amount().currency())) {
            return decline(charge, DeclineReason.CURRENCY_MISMATCH);
        }
        if (!account.covers(charge.amount())) {
            return decline(charge, DeclineReason.INSUFFICIENT_FUNDS);
        }
        return new Decision(
                new Charged(charge.orderId(), charge.userId(), charge.amount()),
                Posting.charge(charge.orderId(), charge.userId(), charge.amount()));
    }

    private static Decision decline(Charge charge, DeclineReason reason) {
        return Decision.withoutPosting(new Declined(charge.orderId(), charge.userId(), charge.amount(), reason));
    }

    private static Decision onRefund(Payment payment) {
        return switch (payment) {
            case Charged charged ->
                new Decision(
                        new Refunded(charged.orderId(), charged.userId(), charged.amount()),
                        Posting.refund(charged.orderId(), charged.userId(), charged.amount()));
            case Declined declined ->
                Decision.withoutPosting(new Refunded(declined.orderId(), declined.userId(), null));
            // The charge may still be in transit. Without this row it would be applied later and never be refunded.
            case Unseen overtaken -> Decision.withoutPosting(new Refunded(overtaken.orderId(), null, null));
            case Refunded repeat -> Decision.withoutPosting(repeat);
        };
    }
}
