package dev.lockstep.messaging.failure;

/** A message can never be handled, however often it is retried. It becomes a dead letter at once. */
public final class UnprocessableMessageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String reason;

    /**
     * @param reason a constant to group and filter by, such as {@code UNEXPECTED_EVENT}
     * @param message describes the error in this message, for the operator who reads the dead letter
     */
    public UnprocessableMessageException(String reason, String message) {
        // The stack trace is omitted: the exception only routes the message to the dead letters, and its text is
        // complete.
        super(message, null, false, false);
        this.reason = reason;
    }

    public String reason() {
        return reason;
    }
}
