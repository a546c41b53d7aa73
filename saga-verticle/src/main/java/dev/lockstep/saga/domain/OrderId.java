package dev.lockstep.saga.domain;

/** The order that a saga sees through. Opaque: the order service makes it. */
public record OrderId(String value) {
    /** Far above any id that is made, and far below what an index entry can hold. */
    private static final int MAX_LENGTH = 255;

    public OrderId {
        if (value.isBlank() || value.length() > MAX_LENGTH || isUnstorable(value)) {
            throw new IllegalArgumentException("orderId must have 1 to " + MAX_LENGTH
                    + " characters, none of them U+0000 or half of a surrogate pair");
        }
    }

    // Postgres refuses U+0000. Half of a surrogate pair would come back as a question mark, and so as another order.
    private static boolean isUnstorable(String text) {
        return text.codePoints().anyMatch(c -> c == 0 || Character.getType(c) == Character.SURROGATE);
    }

    @Override
    public String toString() {
        return value;
    }
}
