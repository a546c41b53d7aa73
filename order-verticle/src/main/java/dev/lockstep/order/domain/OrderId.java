package dev.lockstep.order.domain;

import java.util.Optional;
import java.util.UUID;

/** Identifies an order. A UUIDv7, so ids sort by the time at which the orders arrived. */
public record OrderId(UUID value) {
    private static final int TEXT_LENGTH = 36;

    /** Parses a UUID in its canonical text form. Empty if the text is anything else. */
    public static Optional<OrderId> parse(String text) {
        // UUID.fromString also accepts "1-1-1-1-1", but every order must have exactly one textual id.
        if (text.length() != TEXT_LENGTH) {
            return Optional.empty();
        }
        try {
            return Optional.of(new OrderId(UUID.fromString(text)));
        } catch (IllegalArgumentException notAnId) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return value.toString();
    }
}
