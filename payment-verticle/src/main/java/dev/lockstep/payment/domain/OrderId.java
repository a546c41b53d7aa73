package dev.lockstep.payment.domain;

/** The order that a payment is for. Its text is the order service's affair and means nothing here. */
public record OrderId(String value) {
    public OrderId {
        if (value.isBlank()) {
            throw new IllegalArgumentException("orderId must not be blank");
        }
    }
}
