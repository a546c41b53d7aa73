package dev.lockstep.payment.domain;

import dev.lockstep.payment.domain.Payment.Charged;
import dev.lockstep.payment.domain.Payment.Declined;
import dev.lockstep.payment.domain.Payment.Refunded;
import dev.lockstep.payment.domain.Payment.Unseen;
import dev.lockstep.payment.domain.PaymentCommand.Charge;
import dev.lockstep.payment.domain.PaymentCommand.Refund;
import org.jspecify.annotations.Nullable;

/**
 * Decides what a command does to an order's payment.
 *
 * <pre>
 * Unseen ──Charge──▶ Charged ──Refund──▶ Refunded (the money is back)
 *    │ ╰───Charge──▶ Declined ──Refund──▶ Refunded (none had moved)
 *    ╰─────Refund──────────────────────▶ Refunded (a tombstone)
 * </pre>
 *
 * <p>Commands arrive at least once, and a refund can overtake the charge that it is meant for. A repeat changes nothing
 * and is answered with the payment as it stands; a charge that comes after the refund takes nothing.
 */
public final class PaymentDecider {
    /**
     * @param account of the user who is charged or was charged; null when there is none
     */
    // No default branch, here or below: a new command or state must be considered before it compiles.
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
            // The charge may still be on its way: without this row it would be taken and nobody would give it back.
            case Unseen overtaken -> Decision.withoutPosting(new Refunded(overtaken.orderId(), null, null));
            case Refunded repeat -> Decision.withoutPosting(repeat);
        };
    }
}
