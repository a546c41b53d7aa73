package dev.lockstep.contracts;

import java.util.List;

/** A customer's order was accepted. */
public record OrderCreated(String orderId, String userId, List<OrderItem> items) implements OrderEvent {
    public OrderCreated {
        Required.text(orderId, "orderId");
        Required.text(userId, "userId");
        items = List.copyOf(Required.present(items, "items"));
        if (items.isEmpty()) {
            throw new IllegalArgumentException("items must not be empty");
        }
    }
}
