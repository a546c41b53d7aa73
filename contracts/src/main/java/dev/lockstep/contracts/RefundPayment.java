package dev.lockstep.contracts;

/** Give back whatever was taken for the order, and take nothing for it any more. */
public record RefundPayment(String orderId) implements PaymentCommand {
    public RefundPayment {
        FieldConstraints.checkOrderId(orderId);
    }
}
