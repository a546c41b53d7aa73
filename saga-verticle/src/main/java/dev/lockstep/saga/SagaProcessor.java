package dev.lockstep.saga;

import dev.lockstep.contracts.Message;
import dev.lockstep.messaging.delivery.LockedRows;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.failure.UnprocessableMessagesException;
import dev.lockstep.messaging.operator.OperatorActions;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.saga.domain.OrderId;
import dev.lockstep.saga.domain.OrderSaga;
import dev.lockstep.saga.domain.SagaEvent;
import dev.lockstep.saga.domain.SagaEvent.OperatorAction;
import dev.lockstep.saga.domain.SagaState;
import dev.lockstep.saga.domain.UnexpectedEventException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Advances sagas around {@link OrderSaga}: locks the sagas of a batch, decides event by event, saves the sagas, appends their history and
 * appends their commands to the outbox. Each step takes one statement; all run in the caller's transaction.
 */
final class SagaProcessor implements MessageHandler<Message> {
    private final OrderSaga saga;
    private final SagaMessages messages;
    private final SagaStore store;
    private final SagaHistoryStore history;
    private final Outbox outbox;
    private final SagaMetrics metrics;

    SagaProcessor(
            OrderSaga saga,
            SagaMessages messages,
            SagaStore store,
            SagaHistoryStore history,
            Outbox outbox,
            SagaMetrics metrics) {
        this.saga = saga;
        this.messages = messages;
        this.store = store;
        this.history = history;
        this.outbox = outbox;
        this.metrics = metrics;
    }

    private record ReceivedEvent(
            UUID messageId, SagaEvent event, @Nullable String traceparent) {}

    @Override
    public Future<Void> handle(SqlConnection tx, List<ReceivedMessage<Message>> received) {
        Map<OrderId, List<ReceivedEvent>> incoming = new LinkedHashMap<>();
        for (ReceivedMessage<Message> each : received) {
            SagaEvent event = messages.toEvent(each.message());
            incoming.computeIfAbsent(event.orderId(), first -> new ArrayList<>())
                    .add(new ReceivedEvent(each.messageId(), event, each.traceparent()));
        }
        return advance(tx, incoming);
    }

    @Override
    public Future<Set<UUID>> blockedMessages(SqlConnection tx, List<ReceivedMessage<Message>> received) {
        Set<OrderId> orderIds = new HashSet<>();
        received.forEach(each -> orderIds.add(messages.toEvent(each.message()).orderId()));
        return store.lockedByOthers(tx, orderIds)
                .map(locked -> LockedRows.messagesThatNeed(
                        locked,
                        received,
                        message -> Set.of(messages.toEvent(message).orderId())));
    }

    /**
     * Applies deadlines that have passed.
     *
     * @param limit maximum number of sagas
     * @return the number of sagas that changed; if it equals the limit, there may be more
     */
    Future<Integer> expireDeadlines(SqlConnection tx, int limit) {
        return store.lockOverdue(tx, limit).compose(overdue -> expire(tx, overdue));
    }

    /** Applies the passed deadlines of these sagas. Sagas locked by another transaction are skipped. */
    Future<Void> expireDeadlines(SqlConnection tx, List<OrderId> among) {
        return store.lockOverdue(tx, among)
                .compose(overdue -> expire(tx, overdue))
                .mapEmpty();
    }

    /**
     * Applies an operator's action. Fails with {@link RefusedActionException} if the action is not possible in the saga's state.
     *
     * @return the state of the saga afterwards, or empty if the order has no saga
     */
    Future<Optional<SagaState>> act(SqlConnection tx, OperatorAction action, ActionInitiator by) {
        return store.lock(tx, List.of(action.orderId())).compose(stored -> {
            StoredSaga before = stored.get(action.orderId());
            if (before == null) {
                return Future.succeededFuture(Optional.empty());
            }
            SagaUnitOfWork progress = new SagaUnitOfWork(before);
            try {
                progress.apply(saga, messages, action, null, by);
            } catch (UnexpectedEventException refused) {
                throw new RefusedActionException(action, before.state());
            }
            return save(tx, List.of(progress))
                    .compose(saved -> OperatorActions.record(
                            tx,
                            by.operator(),
                            messages.actionName(action),
                            action.orderId().value(),
                            by.reason(),
                            JsonObject.of(
                                    "from",
                                    StateName.of(before.state()).name(),
                                    "to",
                                    StateName.of(progress.state()).name())))
                    .map(Optional.of(progress.state()));
        });
    }

    private Future<Integer> expire(SqlConnection tx, List<StoredSaga> overdue) {
        List<SagaUnitOfWork> sagas = overdue.stream().map(SagaUnitOfWork::new).toList();
        sagas.forEach(progress -> decide(progress, new SagaEvent.DeadlinePassed(progress.orderId()), null));
        // Counts only sagas that changed. An unchanged saga stays overdue, and counting it would repeat the sweep
        // without end.
        return save(tx, sagas)
                .map(overtaken ->
                        (int) sagas.stream().filter(SagaUnitOfWork::hasChanged).count() - overtaken.size());
    }

    private Future<Void> advance(SqlConnection tx, Map<OrderId, List<ReceivedEvent>> incoming) {
        return store.lock(tx, incoming.keySet())
                .compose(stored -> decideAndSave(tx, stored, incoming))
                .compose(overtaken ->
                        overtaken.isEmpty() ? Future.succeededFuture() : retryOvertaken(tx, incoming, overtaken));
    }

    // Another transaction inserted these sagas after they were read and before the insert. It has committed, so their
    // rows exist now and can be locked. This cannot happen a second time.
    private Future<Void> retryOvertaken(
            SqlConnection tx, Map<OrderId, List<ReceivedEvent>> incoming, Set<OrderId> overtaken) {
        incoming.keySet().retainAll(overtaken);
        return store.lock(tx, overtaken)
                .compose(stored -> {
                    requireAll(overtaken, stored.keySet());
                    return decideAndSave(tx, stored, incoming);
                })
                .map(overtakenAgain -> {
                    requireAll(overtakenAgain, Set.of());
                    return null;
                });
    }

    private Future<Set<OrderId>> decideAndSave(
            SqlConnection tx, Map<OrderId, StoredSaga> stored, Map<OrderId, List<ReceivedEvent>> incoming) {
        Map<OrderId, SagaUnitOfWork> sagas = new LinkedHashMap<>();
        List<ReceivedEvent> events = new ArrayList<>();
        incoming.forEach((orderId, all) -> {
            sagas.put(orderId, new SagaUnitOfWork(stored.getOrDefault(orderId, StoredSaga.notStarted(orderId))));
            events.addAll(all);
        });
        UnprocessableMessagesException.forEach(
                events,
                ReceivedEvent::messageId,
                each -> decide(
                        Objects.requireNonNull(sagas.get(each.event().orderId())), each.event(), each.traceparent()));
        return save(tx, List.copyOf(sagas.values()));
    }

    // Postgres stores some strings differently, for example a lone surrogate as "?". Such a saga could never be found
    // again.
    private static void requireAll(Set<OrderId> wanted, Set<OrderId> found) {
        for (OrderId each : wanted) {
            if (!found.contains(each)) {
                throw new UnprocessableMessageException(
                        "INVALID", "the database does not store the order id unchanged: " + escaped(each));
            }
        }
    }

    private static String escaped(OrderId orderId) {
        StringBuilder text = new StringBuilder();
        orderId.value()
                .chars()
                .limit(100)
                .forEach(c -> text.append(c > ' ' && c < 127 ? Character.toString(c) : "\\u%04x".formatted(c)));
        return text.toString();
    }

    private void decide(SagaUnitOfWork progress, SagaEvent event, @Nullable String traceparent) {
        try {
            progress.apply(saga, messages, event, traceparent);
        } catch (UnexpectedEventException e) {
            throw new UnprocessableMessageException("UNEXPECTED_EVENT", String.valueOf(e.getMessage()));
        }
    }

    /**
     * Saves the changed sagas, then their history and commands. Completes with the sagas that could not be saved; nothing of those is
     * written.
     */
    private Future<Set<OrderId>> save(SqlConnection tx, List<SagaUnitOfWork> sagas) {
        List<SagaUnitOfWork> changed =
                sagas.stream().filter(SagaUnitOfWork::hasChanged).toList();
        return store.save(tx, changed).compose(saved -> {
            List<SagaUnitOfWork> done = sagas.stream()
                    .filter(saga -> !saga.hasChanged() || saved.contains(saga.orderId()))
                    .toList();
            Set<OrderId> overtaken = new HashSet<>();
            changed.stream()
                    .map(SagaUnitOfWork::orderId)
                    .filter(id -> !saved.contains(id))
                    .forEach(overtaken::add);
            // join lets the client pipeline the two statements, and completes only after both. The caller commits only
            // if both have succeeded.
            return Future.join(
                            history.append(
                                    tx,
                                    done.stream()
                                            .flatMap(saga -> saga.steps().stream())
                                            .toList()),
                            outbox.append(
                                    tx,
                                    done.stream()
                                            .flatMap(saga -> saga.sent().stream())
                                            .toList()))
                    .onSuccess(appended -> done.forEach(metrics::record))
                    .map(overtaken);
        });
    }
}
