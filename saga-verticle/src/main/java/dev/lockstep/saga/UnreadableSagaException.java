package dev.lockstep.saga;

/** A saga's row is not valid: it was changed by hand, or written by a version that this one does not know. */
final class UnreadableSagaException extends RuntimeException {
    // Has no cause: Jackson's exception is an IOException, which the failure classifier would treat as an unavailable
    // database.
    UnreadableSagaException(String message) {
        super(message);
    }
}
