package dev.lockstep.payment.domain;

/** The order that a payment is for. The id is opaque; the order service generates it. */
public record OrderId(String value) {
    public OrderId {
        if (value.isBlank()) {
            throw new IllegalArgumentException("orderId must not be blank");
        }
    }
}
