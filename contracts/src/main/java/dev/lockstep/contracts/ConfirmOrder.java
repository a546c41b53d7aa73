package dev.lockstep.contracts;

/** Make the order final. */
public record ConfirmOrder(String orderId, Money total) implements OrderCommand {
    public ConfirmOrder {
        MemberRules.checkOrderId(orderId);
        MemberRules.required(total, "total");
    }
}
