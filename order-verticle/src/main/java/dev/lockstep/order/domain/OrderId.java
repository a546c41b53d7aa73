package dev.lockstep.order.domain;

import java.util.Optional;
import java.util.UUID;

/** The name of one order; a UUIDv7, so that ids sort by the time their orders came in. */
public record OrderId(UUID value) {
    private static final int TEXT_LENGTH = 36;

    /** The id that the text says, or nothing when it is not a UUID in its usual form. */
    public static Optional<OrderId> parse(String text) {
        // UUID.fromString alone also takes "1-1-1-1-1", and one order must not have several names.
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
