package dev.lockstep.contracts;

import java.util.List;

/** Hold all of these items for the order, or none. */
public record ReserveStock(String orderId, List<OrderItem> items) implements InventoryCommand {
    public ReserveStock {
        FieldConstraints.checkOrderId(orderId);
        items = FieldConstraints.checkedItems(items);
    }
}
