package dev.lockstep.contracts;

/** The customer asked to cancel the order. */
public record OrderCancelRequested(String orderId) implements OrderEvent {
    public OrderCancelRequested {
        FieldConstraints.checkOrderId(orderId);
    }
}
