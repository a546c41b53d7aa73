package dev.lockstep.order.domain;

/** A command contradicts the final state of its order and can never be applied. */
public final class UnexpectedCommandException extends RuntimeException {
    private UnexpectedCommandException(String message) {
        // No stack trace: the message names the state and the command, which is all that is relevant.
        super(message, null, false, false);
    }

    static UnexpectedCommandException of(OrderState state, OrderCommand command) {
        return new UnexpectedCommandException(command.getClass().getSimpleName() + " cannot follow "
                + state.getClass().getSimpleName());
    }
}
