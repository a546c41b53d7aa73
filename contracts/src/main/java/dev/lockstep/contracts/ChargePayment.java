package dev.lockstep.contracts;

/** Take the amount from the user's account for the order. */
public record ChargePayment(String orderId, String userId, Money amount) implements PaymentCommand {
    public ChargePayment {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.checkId(userId, "userId");
        FieldConstraints.required(amount, "amount");
    }
}
