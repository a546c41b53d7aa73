package dev.lockstep.contracts;

/** All stock of the order was released, and no stock will be held for it again. */
public record StockReleased(String orderId) implements InventoryEvent {
    public StockReleased {
        FieldConstraints.checkOrderId(orderId);
    }
}
