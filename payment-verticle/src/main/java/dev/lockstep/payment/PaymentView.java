package dev.lockstep.payment;

import dev.lockstep.payment.domain.Money;
import dev.lockstep.payment.domain.Payment.Charged;
import dev.lockstep.payment.domain.Payment.Decided;
import dev.lockstep.payment.domain.Payment.Declined;
import dev.lockstep.payment.domain.Payment.Refunded;
import org.jspecify.annotations.Nullable;

/**
 * A payment as stored in the table and returned over HTTP.
 *
 * @param userId null if the refund arrived before any charge
 * @param amount the charged amount, also after the refund; the requested amount if the charge was declined; null if nothing was charged
 *     before the refund
 * @param reason why the charge was declined
 */
record PaymentView(
        String orderId,
        PaymentStatus status,
        @Nullable String userId,
        @Nullable Money amount,
        @Nullable String reason) {
    static PaymentView of(Decided payment) {
        String orderId = payment.orderId().value();
        return switch (payment) {
            case Charged charged ->
                new PaymentView(orderId, PaymentStatus.CHARGED, charged.userId().value(), charged.amount(), null);
            case Declined declined ->
                new PaymentView(
                        orderId,
                        PaymentStatus.DECLINED,
                        declined.userId().value(),
                        declined.amount(),
                        declined.reason().name());
            case Refunded refunded ->
                new PaymentView(
                        orderId,
                        PaymentStatus.REFUNDED,
                        refunded.userId() == null ? null : refunded.userId().value(),
                        refunded.amount(),
                        null);
        };
    }
}
