package dev.lockstep.contracts;

/** The order was paid. */
public record PaymentCharged(String orderId, Money amount) implements PaymentEvent {
    public PaymentCharged {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.required(amount, "amount");
    }
}
