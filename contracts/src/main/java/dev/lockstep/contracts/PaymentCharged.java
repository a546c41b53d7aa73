package dev.lockstep.contracts;

/** The order is paid. */
public record PaymentCharged(String orderId, Money amount) implements PaymentEvent {
    public PaymentCharged {
        Required.text(orderId, "orderId");
        Required.present(amount, "amount");
    }
}
