package dev.lockstep.saga;

import dev.lockstep.saga.domain.SagaEvent.AbandonRequested;
import dev.lockstep.saga.domain.SagaEvent.CompensationRequested;
import dev.lockstep.saga.domain.SagaEvent.OperatorAction;
import dev.lockstep.saga.domain.SagaEvent.RetryRequested;
import dev.lockstep.saga.domain.SagaState;

/**
 * An operator's action is not possible in the current state of the saga. The message is meant for the operator: it gives the reason and the
 * possible alternatives.
 */
final class RefusedActionException extends RuntimeException {
    RefusedActionException(OperatorAction action, SagaState state) {
        super(explanation(action, state), null, false, false);
    }

    private static String explanation(OperatorAction action, SagaState state) {
        StateName name = StateName.of(state);
        String saga = "The saga of order " + action.orderId() + " is " + name;
        if (name.hasEnded()) {
            return saga + ", which is a final state; no action is possible";
        }
        return saga
                + switch (action) {
                    case RetryRequested _ ->
                        name == StateName.AWAITING_ORDER
                                ? ": it waits for OrderCreated, which no command requests, so there is nothing to retry."
                                        + " To cancel the order without OrderCreated, compensate the saga"
                                : ": an earlier version started it and did not store the command to send again;"
                                        + " wait for its deadline";
                    case CompensationRequested _ ->
                        name == StateName.CONFIRMING_ORDER
                                ? ": the order may already be confirmed. To request its cancellation, send POST /orders/"
                                        + action.orderId() + "/cancel to the order service"
                                : ": its compensation is already in progress";
                    case AbandonRequested _ ->
                        name == StateName.AWAITING_ORDER
                                ? ": it has sent no command that could be left undone."
                                        + " To cancel the order without OrderCreated, compensate the saga"
                                : ": it is still proceeding towards confirmation; compensate it first";
                };
    }
}
