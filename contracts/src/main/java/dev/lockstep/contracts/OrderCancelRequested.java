package dev.lockstep.contracts;

/** The customer wants the order cancelled. */
public record OrderCancelRequested(String orderId) implements OrderEvent {
    public OrderCancelRequested {
        FieldConstraints.checkOrderId(orderId);
    }
}
