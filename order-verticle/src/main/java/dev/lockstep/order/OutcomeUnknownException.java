package dev.lockstep.order;

/** A commit was sent and its answer never came: its orders may be durable, or not. */
final class OutcomeUnknownException extends RuntimeException {
    OutcomeUnknownException(Throwable cause) {
        super("the outcome of a commit is not known", cause, false, false);
    }
}
