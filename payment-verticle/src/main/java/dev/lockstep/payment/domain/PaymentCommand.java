package dev.lockstep.payment.domain;

/** A command about the payment of an order. */
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
