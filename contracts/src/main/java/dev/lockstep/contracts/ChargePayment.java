package dev.lockstep.contracts;

/** Take the amount from the user's account for the order. */
public record ChargePayment(String orderId, String userId, Money amount) implements PaymentCommand {
    public ChargePayment {
        Required.text(orderId, "orderId");
        Required.text(userId, "userId");
        Required.present(amount, "amount");
        if (amount.amount() < 0) {
            throw new IllegalArgumentException("amount must not be negative, but was " + amount.amount());
        }
    }
}
