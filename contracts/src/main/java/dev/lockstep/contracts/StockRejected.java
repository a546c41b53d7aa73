package dev.lockstep.contracts;

/** Nothing is held for the order. */
public record StockRejected(String orderId, CancelReason reason) implements InventoryEvent {
    public StockRejected {
        Required.text(orderId, "orderId");
        Required.present(reason, "reason");
    }
}
