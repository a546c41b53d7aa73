package dev.lockstep.inventory.domain;

import java.util.Optional;

/** Identifies a product. */
public record ProductId(String value) {
    private static final int MAX_LENGTH = 100;

    /**
     * The reason why no product can have this id, or empty if the id is valid. Orders may contain invalid product ids.
     */
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
