package dev.lockstep.payment.domain;

/** Identifies the owner of an account. */
public record UserId(String value) {
    public UserId {
        if (value.isBlank()) {
            throw new IllegalArgumentException("userId must not be blank");
        }
    }
}
