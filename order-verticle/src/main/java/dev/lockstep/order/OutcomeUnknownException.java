package dev.lockstep.order;

/** A commit was sent but no response arrived. The orders may or may not be durable. */
final class OutcomeUnknownException extends RuntimeException {
    OutcomeUnknownException(Throwable cause) {
        super("the outcome of the commit is unknown", cause, false, false);
    }
}
