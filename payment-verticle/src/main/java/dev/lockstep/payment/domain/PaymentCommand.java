package dev.lockstep.payment.domain;

/** What the cashier is told to do about an order. */
public sealed interface PaymentCommand {
    OrderId orderId();

    record Charge(OrderId orderId, UserId userId, Money amount) implements PaymentCommand {
        public Charge {
            if (amount.amount() < 0) {
                throw new IllegalArgumentException("A charge must not be negative, but was " + amount.amount());
            }
        }
    }

    record Refund(OrderId orderId) implements PaymentCommand {}
}
