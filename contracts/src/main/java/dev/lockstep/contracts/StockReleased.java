package dev.lockstep.contracts;

/** Nothing is held for the order any more, and nothing will be. */
public record StockReleased(String orderId) implements InventoryEvent {
    public StockReleased {
        FieldConstraints.checkOrderId(orderId);
    }
}
