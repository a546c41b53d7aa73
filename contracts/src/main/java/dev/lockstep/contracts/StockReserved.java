package dev.lockstep.contracts;

/** Everything the order asked for is held, and costs this much. */
public record StockReserved(String orderId, Money total) implements InventoryEvent {
    public StockReserved {
        MemberRules.checkOrderId(orderId);
        MemberRules.required(total, "total");
    }
}
