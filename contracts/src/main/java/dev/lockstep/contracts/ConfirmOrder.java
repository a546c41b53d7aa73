package dev.lockstep.contracts;

/** Make the order final. */
public record ConfirmOrder(String orderId, Money total) implements OrderCommand {
    public ConfirmOrder {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.required(total, "total");
    }
}
