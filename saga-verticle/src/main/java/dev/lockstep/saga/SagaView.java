package dev.lockstep.saga;

import dev.lockstep.saga.domain.SagaState;
import dev.lockstep.saga.domain.SagaState.CancellingOrder;
import dev.lockstep.saga.domain.SagaState.ConfirmingOrder;
import dev.lockstep.saga.domain.SagaState.GivenUp;
import dev.lockstep.saga.domain.SagaState.RetryingCompensation;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A saga as it is shown.
 *
 * @param waitingFor the messages that must all come before it ends or goes on; none once it has ended
 * @param deadline when it stops waiting, or null if it waits as long as it takes, or for nothing
 * @param reason why the order was given up, or null if it was not
 * @param attempts how often what it waits for was asked for again, or null if it never is
 * @param history what it went through, oldest first, or null in a list
 */
record SagaView(
        String orderId,
        StateName state,
        List<String> waitingFor,
        @Nullable OffsetDateTime deadline,
        @Nullable String reason,
        @Nullable Integer attempts,
        OffsetDateTime startedAt,
        OffsetDateTime updatedAt,
        @Nullable List<Map<String, Object>> history) {
    static @Nullable String reason(SagaState state) {
        return state instanceof GivenUp givenUp ? givenUp.reason().name() : null;
    }

    static @Nullable Integer attempts(SagaState state) {
        return switch (state) {
            case ConfirmingOrder confirming -> confirming.attempts();
            case RetryingCompensation retrying -> retrying.attempts();
            case CancellingOrder cancelling -> cancelling.attempts();
            case SagaState.NotStarted _,
                    SagaState.AwaitingOrder _,
                    SagaState.ReservingStock _,
                    SagaState.ChargingPayment _,
                    SagaState.Confirmed _,
                    SagaState.Compensating _,
                    SagaState.Cancelled _ -> null;
        };
    }

    SagaView with(List<Map<String, Object>> steps) {
        return new SagaView(orderId, state, waitingFor, deadline, reason, attempts, startedAt, updatedAt, steps);
    }
}
