package dev.lockstep.contracts;

/** The order was cancelled. This is final. */
public record OrderCancelled(String orderId, CancelReason reason) implements OrderEvent {
    public OrderCancelled {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.required(reason, "reason");
    }
}
