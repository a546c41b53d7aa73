package dev.lockstep.contracts;

/** Call the order off. */
public record CancelOrder(String orderId, CancelReason reason) implements OrderCommand {
    public CancelOrder {
        Required.text(orderId, "orderId");
        Required.present(reason, "reason");
    }
}
