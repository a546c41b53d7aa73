package dev.lockstep.contracts;

/** The order is off. */
public record OrderCancelled(String orderId, CancelReason reason) implements OrderEvent {
    public OrderCancelled {
        Required.text(orderId, "orderId");
        Required.present(reason, "reason");
    }
}
