package dev.lockstep.contracts;

/** Give back whatever is held for the order, and hold nothing for it any more. */
public record ReleaseStock(String orderId) implements InventoryCommand {
    public ReleaseStock {
        FieldConstraints.checkOrderId(orderId);
    }
}
