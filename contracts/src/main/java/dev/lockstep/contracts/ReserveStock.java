package dev.lockstep.contracts;

import java.util.List;

/** Hold all of these items for the order, or none. */
public record ReserveStock(String orderId, List<OrderItem> items) implements InventoryCommand {
    public ReserveStock {
        Required.text(orderId, "orderId");
        items = List.copyOf(Required.present(items, "items"));
        if (items.isEmpty()) {
            throw new IllegalArgumentException("items must not be empty");
        }
    }
}
