package dev.lockstep.saga.domain;

/** The order that a saga coordinates. The id is opaque; the order service generates it. */
public record OrderId(String value) {
    /** Well above the length of generated ids, and well below the limit of a Postgres index entry. */
    private static final int MAX_LENGTH = 255;

    public OrderId {
        if (value.isBlank() || value.length() > MAX_LENGTH || isUnstorable(value)) {
            throw new IllegalArgumentException("orderId must have 1 to " + MAX_LENGTH
                    + " characters, none of them U+0000 or half of a surrogate pair");
        }
    }

    // Postgres rejects U+0000. An unpaired surrogate would be read back as a question mark, and so as a different
    // order.
    private static boolean isUnstorable(String text) {
        return text.codePoints().anyMatch(c -> c == 0 || Character.getType(c) == Character.SURROGATE);
    }

    @Override
    public String toString() {
        return value;
    }
}
