package dev.lockstep.contracts;

/** The charge was declined; no money was taken for the order. */
public record PaymentDeclined(String orderId, DeclineReason reason) implements PaymentEvent {
    public PaymentDeclined {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.required(reason, "reason");
    }
}
