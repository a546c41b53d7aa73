package dev.lockstep.saga.domain;

/** The order that a saga sees through. Opaque: the order service makes it. */
public record OrderId(String value) {
    /** Far above any id that is made, and far below what an index entry can hold. */
    private static final int LONGEST = 255;

    public OrderId {
        if (value.isBlank() || value.length() > LONGEST || value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    "orderId must have 1 to " + LONGEST + " characters, none of them U+0000");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
