package dev.lockstep.contracts;

/** All items of the order are held, at this total. */
public record StockReserved(String orderId, Money total) implements InventoryEvent {
    public StockReserved {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.required(total, "total");
    }
}
