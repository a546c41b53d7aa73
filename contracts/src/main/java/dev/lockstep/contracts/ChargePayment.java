package dev.lockstep.contracts;

/** Charge the amount to the user's account for the order. */
public record ChargePayment(String orderId, String userId, Money amount) implements PaymentCommand {
    public ChargePayment {
        FieldConstraints.checkOrderId(orderId);
        FieldConstraints.checkId(userId, "userId");
        FieldConstraints.required(amount, "amount");
    }
}
