package dev.lockstep.payment.domain;

/** Whose account it is. */
public record UserId(String value) {
    public UserId {
        if (value.isBlank()) {
            throw new IllegalArgumentException("userId must not be blank");
        }
    }
}
