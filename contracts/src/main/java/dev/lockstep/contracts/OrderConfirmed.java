package dev.lockstep.contracts;

/** The order was confirmed: its stock is held and its total is paid. This is final. */
public record OrderConfirmed(String orderId, Money total) implements OrderEvent {
    public OrderConfirmed {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.required(total, "total");
    }
}
