package dev.lockstep.inventory.domain;

/** The order that stock is held for. Opaque: the order service makes it. */
public record OrderId(String value) {
    /** Far above any id that is made, and far below what an index entry can hold. */
    private static final int MAX_LENGTH = 255;

    public OrderId {
        if (value.isBlank()) {
            throw new IllegalArgumentException("orderId must not be blank");
        }
        if (value.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("orderId must have at most " + MAX_LENGTH + " characters");
        }
        if (Text.hasUnprintable(value)) {
            throw new IllegalArgumentException(
                    "orderId must not contain control characters or half of a surrogate pair");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
