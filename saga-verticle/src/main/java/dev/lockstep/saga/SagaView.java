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
 * JSON representation of a saga in HTTP responses.
 *
 * @param state name of the state as stored, so that unreadable rows can be shown too
 * @param waitingFor the messages that must all arrive before the saga proceeds or ends; empty once it has ended
 * @param waitingSince since when the saga has been waiting for exactly these messages, or null once it has ended
 * @param deadline when the saga stops waiting, or null if it waits without limit or has ended
 * @param reason why the order was aborted, or null if it was not
 * @param attempts how many times the outstanding commands were sent again, or null if the state has no retries
 * @param failure why the saga could not advance when its deadline passed, or why its row cannot be read; null if there is no failure
 * @param obstacles obstacles in the way of the awaited messages, or null if they were not requested
 * @param unavailable services that could not be queried for obstacles, or null if all responded
 * @param history the history, oldest first, or null in a list
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

    /** The messages that were outstanding when an operator abandoned the saga, and the operator's reason. */
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
            @Nullable List<Obstacle> newObstacles,
            @Nullable List<Unavailable> newUnavailable,
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
                newObstacles,
                newUnavailable,
                steps);
    }
}
