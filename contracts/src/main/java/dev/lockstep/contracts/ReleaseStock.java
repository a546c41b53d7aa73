package dev.lockstep.contracts;

/** Release all stock held for the order, and hold none for it in the future. */
public record ReleaseStock(String orderId) implements InventoryCommand {
    public ReleaseStock {
        FieldConstraints.checkOrderId(orderId);
    }
}
