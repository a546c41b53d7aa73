package dev.lockstep.contracts;

import java.util.List;

/** A customer's order was accepted. */
public record OrderCreated(String orderId, String userId, List<OrderItem> items) implements OrderEvent {
    public OrderCreated {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.checkId(userId, "userId");
        items = FieldConstraints.checkedItems(items);
    }
}
