package dev.lockstep.contracts;

/** Call the order off. */
public record CancelOrder(String orderId, CancelReason reason) implements OrderCommand {
    public CancelOrder {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.required(reason, "reason");
    }
}
