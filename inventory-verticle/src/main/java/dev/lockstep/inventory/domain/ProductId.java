package dev.lockstep.inventory.domain;

import java.util.Optional;

/** A product's name among machines. */
public record ProductId(String value) {
    private static final int MAX_LENGTH = 100;

    /** Why no product can have this id, or empty if one can. An order may name it all the same. */
    public Optional<String> problem() {
        if (value.isBlank()) {
            return Optional.of("must not be blank");
        }
        if (value.length() > MAX_LENGTH) {
            return Optional.of("must have at most " + MAX_LENGTH + " characters");
        }
        return Text.hasUnprintable(value)
                ? Optional.of("must not contain control characters or half of a surrogate pair")
                : Optional.empty();
    }

    @Override
    public String toString() {
        return value;
    }
}
