package dev.lockstep.contracts;

/** The order is paid. */
public record PaymentCharged(String orderId, Money amount) implements PaymentEvent {
    public PaymentCharged {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.required(amount, "amount");
    }
}
