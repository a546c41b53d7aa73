package dev.lockstep.contracts;

/** The reservation was rejected; no stock is held for the order. */
public record StockRejected(String orderId, CancelReason reason) implements InventoryEvent {
    public StockRejected {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.required(reason, "reason");
    }
}
