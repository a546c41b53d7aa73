package dev.lockstep.contracts;

/** Any charge for the order was refunded, and the order will not be charged again. */
public record PaymentRefunded(String orderId) implements PaymentEvent {
    public PaymentRefunded {
        FieldConstraints.checkOrderId(orderId);
    }
}
