package dev.lockstep.contracts;

/** Nothing is taken for the order any more, and nothing will be. */
public record PaymentRefunded(String orderId) implements PaymentEvent {
    public PaymentRefunded {
        FieldConstraints.checkOrderId(orderId);
    }
}
