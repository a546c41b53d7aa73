package dev.lockstep.contracts;

/** The order is final: its stock is held and its total is paid. */
public record OrderConfirmed(String orderId, Money total) implements OrderEvent {
    public OrderConfirmed {
        MemberRules.checkOrderId(orderId);
        MemberRules.required(total, "total");
    }
}
