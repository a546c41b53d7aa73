package dev.lockstep.saga;

import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.saga.domain.Decision;
import dev.lockstep.saga.domain.OrderId;
import dev.lockstep.saga.domain.OrderSaga;
import dev.lockstep.saga.domain.SagaEvent;
import dev.lockstep.saga.domain.SagaState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Accumulates the decisions about one saga within a transaction, before they are saved. */
final class SagaUnitOfWork {
    private final StoredSaga before;
    private final List<SagaHistoryEntry> steps = new ArrayList<>();
    private final List<OutboxMessage> sent = new ArrayList<>();
    private SagaState state;
    private boolean changed;
    private int retries;
    private @Nullable String traceparent;
    private @Nullable Duration deadline;

    SagaUnitOfWork(StoredSaga before) {
        this.before = before;
        this.state = before.state();
        this.traceparent = before.traceparent();
    }

    /** @param eventTrace the trace context of the event, or null to use that of the saga */
    void apply(OrderSaga saga, SagaMessages messages, SagaEvent event, @Nullable String eventTrace) {
        apply(saga, messages, event, eventTrace, null);
    }

    /** @param by the operator who initiated the event, or null if there is none */
    void apply(
            OrderSaga saga,
            SagaMessages messages,
            SagaEvent event,
            @Nullable String eventTrace,
            @Nullable ActionInitiator by) {
        Decision decision = saga.decide(state, event);
        boolean changes = decision.changes(state);
        if (!changes && decision.commands().isEmpty()) {
            return;
        }
        String trace = eventTrace == null ? traceparent : eventTrace;
        List<OutboxMessage> commands = decision.commands().stream()
                .map(command -> messages.toMessage(command, trace))
                .toList();
        sent.addAll(commands);
        steps.add(new SagaHistoryEntry(
                orderId(),
                messages.eventName(event),
                StateName.of(decision.state()),
                messages.toDetail(event, commands, by)));
        if (isRetry(event, decision)) {
            retries++;
        }
        // If nothing changes, the row must not be written: saving it would remove the running deadline.
        if (changes) {
            changed = true;
            state = decision.state();
            deadline = decision.deadline();
            traceparent = event instanceof SagaEvent.OrderPlaced || traceparent == null ? trace : traceparent;
        }
    }

    OrderId orderId() {
        return before.orderId();
    }

    StoredSaga before() {
        return before;
    }

    SagaState state() {
        return state;
    }

    boolean hasChanged() {
        return changed;
    }

    /** How many times a command was sent again because its deadline passed or an operator requested it. */
    int retries() {
        return retries;
    }

    private static boolean isRetry(SagaEvent event, Decision decision) {
        return event instanceof SagaEvent.RetryRequested
                || (event instanceof SagaEvent.DeadlinePassed && SagaView.attempts(decision.state()) != null);
    }

    int version() {
        return before.version();
    }

    @Nullable
    Duration deadline() {
        return deadline;
    }

    @Nullable
    String traceparent() {
        return traceparent;
    }

    List<SagaHistoryEntry> steps() {
        return steps;
    }

    List<OutboxMessage> sent() {
        return sent;
    }
}
