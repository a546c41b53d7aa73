package dev.lockstep.messaging.failure;

/** The consequence of a failure for the message or request that it affects. {@link FailureClassifier} determines it. */
public enum FailureKind {
    /**
     * The database or the broker is unavailable to all clients: no connection, wrong password, disk full, shutting down, read-only.
     * Consumers pause, and HTTP requests are answered with 503.
     */
    UNAVAILABLE,
    /**
     * This transaction could not proceed, and the same transaction can succeed later: a row is locked, two transactions conflicted, or a
     * statement was cancelled. Other keys are not affected. Consumers park the key without counting the attempt, and HTTP requests are
     * answered with 503.
     */
    TRANSIENT,
    /** The message itself is at fault, so no retry can succeed. */
    PERMANENT,
    /** Any other failure, for instance a bug in a handler. Consumers retry the message a few times, separately from other messages. */
    UNKNOWN
}
