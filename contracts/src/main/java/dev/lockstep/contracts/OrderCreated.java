package dev.lockstep.contracts;

import java.util.List;

/** A customer's order was accepted. */
public record OrderCreated(String orderId, String userId, List<OrderItem> items) implements OrderEvent {
    public OrderCreated {
        MemberRules.checkOrderId(orderId);
        MemberRules.checkId(userId, "userId");
        items = MemberRules.checkedItems(items);
    }
}
