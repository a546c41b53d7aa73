package dev.lockstep.contracts;

/** Refund any charge for the order, and do not charge it in the future. */
public record RefundPayment(String orderId) implements PaymentCommand {
    public RefundPayment {
        FieldConstraints.checkOrderId(orderId);
    }
}
