package dev.lockstep.contracts;

/** Nothing is held for the order. */
public record StockRejected(String orderId, CancelReason reason) implements InventoryEvent {
    public StockRejected {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.required(reason, "reason");
    }
}
