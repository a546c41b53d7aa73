package dev.lockstep.contracts;

/** Confirm the order. A confirmed order is final. */
public record ConfirmOrder(String orderId, Money total) implements OrderCommand {
    public ConfirmOrder {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.required(total, "total");
    }
}
