package dev.lockstep.saga.domain;

/** No participant sends this event in this state, so no reaction to it is defined. */
public final class UnexpectedEventException extends RuntimeException {
    private UnexpectedEventException(String message) {
        super(message, null, false, false);
    }

    public static UnexpectedEventException of(SagaState state, SagaEvent event) {
        return new UnexpectedEventException("%s cannot follow %s for order %s"
                .formatted(event.getClass().getSimpleName(), state.getClass().getSimpleName(), event.orderId()));
    }
}
