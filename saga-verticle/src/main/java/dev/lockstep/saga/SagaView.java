package dev.lockstep.saga;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
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
 * JSON representation of a saga in HTTP responses. The members of nested records are members of the JSON object itself.
 *
 * @param state name of the state as stored, so that unreadable rows can be shown too
 * @param diagnosis obstacles in the way of the awaited messages, or null if they were not requested
 * @param history the history, oldest first, or null in a list
 */
record SagaView(
        String orderId,
        String state,
        @JsonUnwrapped Wait waiting,
        @JsonUnwrapped Progress progress,
        @JsonUnwrapped Times times,
        @JsonUnwrapped SagaDiagnosis.@Nullable Result diagnosis,
        @Nullable List<Map<String, Object>> history) {

    /**
     * What the saga waits for.
     *
     * @param waitingFor the messages that must all arrive before the saga proceeds or ends; empty once it has ended
     * @param waitingSince since when the saga has been waiting for exactly these messages, or null once it has ended
     * @param deadline when the saga stops waiting, or null if it waits without limit or has ended
     */
    record Wait(
            List<String> waitingFor,
            @Nullable OffsetDateTime waitingSince,
            @Nullable OffsetDateTime deadline) {}

    /**
     * How far the saga got.
     *
     * @param reason why the order was aborted, or null if it was not
     * @param attempts how many times the outstanding commands were sent again, or null if the state has no retries
     * @param failure why the saga could not advance when its deadline passed, or why its row cannot be read; null if there is no failure
     */
    record Progress(
            @Nullable String reason,
            @Nullable Integer attempts,
            @Nullable Abandonment abandoned,
            @Nullable String failure) {}

    record Times(OffsetDateTime startedAt, OffsetDateTime updatedAt) {}

    /** The messages that were outstanding when an operator abandoned the saga, and the operator's reason. */
    record Abandonment(List<String> leftUndone, String reason) {}

    static @Nullable String reason(SagaState state) {
        return state instanceof Aborting aborting ? aborting.reason().name() : null;
    }

    static @Nullable Integer attempts(SagaState state) {
        return switch (state) {
            case ConfirmingOrder confirming -> confirming.attempts();
            case RetryingCompensation retrying -> retrying.attempts();
            case CancellingOrder cancelling -> cancelling.attempts();
            case SagaState.NotBegun _,
                    SagaState.ReservingStock _,
                    SagaState.ChargingPayment _,
                    SagaState.Compensating _,
                    SagaState.Ended _ -> null;
        };
    }

    SagaView with(List<Map<String, Object>> steps) {
        return new SagaView(orderId, state, waiting, progress, times, diagnosis, steps);
    }

    SagaView with(SagaDiagnosis.Result found) {
        return new SagaView(orderId, state, waiting, progress, times, found, history);
    }
}
