package dev.lockstep.contracts;

/** The order is final: its stock is held and its total is paid. */
public record OrderConfirmed(String orderId, Money total) implements OrderEvent {
    public OrderConfirmed {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.required(total, "total");
    }
}
