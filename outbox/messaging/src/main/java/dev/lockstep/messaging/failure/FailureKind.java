package dev.lockstep.messaging.failure;

/** What a failure means for the message or request that it happened to; {@link FailureClassifier} tells. */
public enum FailureKind {
    /**
     * The database or the broker cannot be used by anybody right now: no connection, wrong password, disk full, shutting down,
     * read only. Consumers pause and requests are answered 503.
     */
    UNAVAILABLE,
    /**
     * This transaction could not proceed, and the same one can succeed later: a row is locked, two transactions met, a
     * statement was cancelled. Other keys are not affected. Consumers park the key without counting the attempt, and requests
     * are answered 503.
     */
    TRANSIENT,
    /** The message itself is at fault and always will be. */
    PERMANENT,
    /** Anything else, for instance a mistake in a handler. Consumers try the message a few times, apart from the others. */
    UNKNOWN
}
