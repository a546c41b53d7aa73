package dev.lockstep.messaging.failure;

/** A message that can never be handled, however often it is tried: it becomes a dead letter at once. */
public final class UnprocessableMessageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String reason;

    /**
     * @param reason a fixed word to group and filter by, such as {@code UNEXPECTED_EVENT}
     * @param message what is wrong with this one, for the person who reads the dead letter
     */
    public UnprocessableMessageException(String reason, String message) {
        // No stack trace: it steers the message to the dead letters and says all there is to say.
        super(message, null, false, false);
        this.reason = reason;
    }

    public String reason() {
        return reason;
    }
}
