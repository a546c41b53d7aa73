package dev.lockstep.order.domain;

/** A command that contradicts how its order ended, so that it can never be obeyed. */
public final class UnexpectedCommandException extends RuntimeException {
    private UnexpectedCommandException(String message) {
        // No stack trace: the states and the command are all there is to know.
        super(message, null, false, false);
    }

    static UnexpectedCommandException of(OrderState state, OrderCommand command) {
        return new UnexpectedCommandException(command.getClass().getSimpleName() + " cannot follow "
                + state.getClass().getSimpleName());
    }
}
