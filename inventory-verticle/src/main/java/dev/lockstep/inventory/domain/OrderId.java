package dev.lockstep.inventory.domain;

/** The order that stock is held for. The id is opaque; the order service generates it. */
public record OrderId(String value) {
    /** Well above the length of generated ids, and well below the limit of a Postgres index entry. */
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
