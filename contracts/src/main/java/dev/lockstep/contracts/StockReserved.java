package dev.lockstep.contracts;

/** Everything the order asked for is held, and costs this much. */
public record StockReserved(String orderId, Money total) implements InventoryEvent {
    public StockReserved {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.required(total, "total");
    }
}
