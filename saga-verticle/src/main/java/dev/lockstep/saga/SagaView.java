package dev.lockstep.saga;

import dev.lockstep.runtime.Peers.Unavailable;
import dev.lockstep.saga.SagaDiagnosis.Obstacle;
import dev.lockstep.saga.domain.SagaState;
import dev.lockstep.saga.domain.SagaState.Aborting;
import dev.lockstep.saga.domain.SagaState.CancellingOrder;
import dev.lockstep.saga.domain.SagaState.ConfirmingOrder;
import dev.lockstep.saga.domain.SagaState.RetryingCompensation;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A saga as it is shown.
 *
 * @param state its name, as stored: a row that is broken is shown too
 * @param waitingFor the messages that must all come before it ends or goes on; none once it has ended
 * @param waitingSince since when it has been waiting for just these, or null once it has ended
 * @param deadline when it stops waiting, or null if it waits as long as it takes, or for nothing
 * @param reason why the order was given up, or null if it was not
 * @param attempts how often what it waits for was asked for again, or null if it never is
 * @param failure why it could not be let go on when its deadline passed, or why its row cannot be read; null if all is well
 * @param obstacles what stands in the way of what it waits for, or null where nobody looked
 * @param unavailable who could not be asked about obstacles, or null if everybody could
 * @param history what it went through, oldest first, or null in a list
 */
record SagaView(
        String orderId,
        String state,
        List<String> waitingFor,
        @Nullable OffsetDateTime waitingSince,
        @Nullable OffsetDateTime deadline,
        @Nullable String reason,
        @Nullable Integer attempts,
        @Nullable Abandonment abandoned,
        @Nullable String failure,
        OffsetDateTime startedAt,
        OffsetDateTime updatedAt,
        @Nullable List<Obstacle> obstacles,
        @Nullable List<Unavailable> unavailable,
        @Nullable List<Map<String, Object>> history) {

    /** What an operator stopped waiting for, and why. */
    record Abandonment(List<String> leftUndone, String reason) {}

    static @Nullable String reason(SagaState state) {
        return state instanceof Aborting givenUp ? givenUp.reason().name() : null;
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
                    SagaState.Cancelled _,
                    SagaState.Abandoned _ -> null;
        };
    }

    SagaView with(List<Map<String, Object>> steps) {
        return with(obstacles, unavailable, steps);
    }

    SagaView with(SagaDiagnosis.Result found) {
        return with(found.obstacles(), found.unavailable().isEmpty() ? null : found.unavailable(), history);
    }

    private SagaView with(
            @Nullable List<Obstacle> inTheWay,
            @Nullable List<Unavailable> unasked,
            @Nullable List<Map<String, Object>> steps) {
        return new SagaView(
                orderId,
                state,
                waitingFor,
                waitingSince,
                deadline,
                reason,
                attempts,
                abandoned,
                failure,
                startedAt,
                updatedAt,
                inTheWay,
                unasked,
                steps);
    }
}
