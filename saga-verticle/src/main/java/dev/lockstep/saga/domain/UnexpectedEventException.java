package dev.lockstep.saga.domain;

/** An event that no participant sends at this point, so that there is no right answer to it. */
public final class UnexpectedEventException extends RuntimeException {
    private UnexpectedEventException(String message) {
        super(message, null, false, false);
    }

    public static UnexpectedEventException of(SagaState state, SagaEvent event) {
        return new UnexpectedEventException("%s cannot follow %s for order %s"
                .formatted(event.getClass().getSimpleName(), state.getClass().getSimpleName(), event.orderId()));
    }
}
