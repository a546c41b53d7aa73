package dev.lockstep.contracts;

import org.jspecify.annotations.Nullable;

/** Says which member of a message is at fault, in the words its sender would look for. */
final class Required {
    private Required() {}

    static <T> T present(@Nullable T value, String member) {
        if (value == null) {
            throw new IllegalArgumentException(member + " is required");
        }
        return value;
    }

    static String text(@Nullable String value, String member) {
        if (value == null || value.isBlank()) {
            throw new IllegalArgumentException(member + " is required and must not be blank");
        }
        return value;
    }
}
