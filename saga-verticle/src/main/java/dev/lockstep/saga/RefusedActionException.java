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
            return saga + ", which is an end: nothing is done to it any more";
        }
        return saga
                + switch (action) {
                    case RetryRequested _ ->
                        name == StateName.AWAITING_ORDER
                                ? ": it waits for the order itself, which nobody was asked for;"
                                        + " compensate it to cancel it without"
                                : ", begun by an earlier version that did not keep what to ask for again;"
                                        + " its deadline decides";
                    case CompensationRequested _ ->
                        name == StateName.CONFIRMING_ORDER
                                ? ": the order may have confirmed already, which only the order service can tell."
                                        + " POST /orders/" + action.orderId() + "/cancel there asks it"
                                : ": it is being compensated already";
                    case AbandonRequested _ ->
                        name == StateName.AWAITING_ORDER
                                ? ": nothing was begun that could stay behind; compensate it to cancel it without"
                                : ": it is on its way to be confirmed, so compensate it first";
                };
    }
}
