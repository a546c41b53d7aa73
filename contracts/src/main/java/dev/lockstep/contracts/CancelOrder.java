package dev.lockstep.contracts;

/** Cancel the order. */
public record CancelOrder(String orderId, CancelReason reason) implements OrderCommand {
    public CancelOrder {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.required(reason, "reason");
    }
}
