package dev.lockstep.order;

import dev.lockstep.contracts.OrderCommand;
import dev.lockstep.messaging.delivery.LockedRows;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.failure.UnprocessableMessagesException;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.order.domain.Decision;
import dev.lockstep.order.domain.Order;
import dev.lockstep.order.domain.OrderCommand.RequestCancel;
import dev.lockstep.order.domain.OrderEvent;
import dev.lockstep.order.domain.OrderId;
import dev.lockstep.order.domain.OrderLifecycle;
import dev.lockstep.order.domain.OrderState;
import dev.lockstep.order.domain.UnexpectedCommandException;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Executes order commands around {@link OrderLifecycle}: locks the orders, decides, saves and appends to the outbox, all in the caller's
 * transaction.
 */
final class OrderProcessor implements MessageHandler<OrderCommand> {
    private static final String UNEXPECTED = "UNEXPECTED_EVENT";

    private final OrderStore store;
    private final Outbox outbox;
    private final OrderMessages messages;
    private final OrderLifecycle lifecycle;

    OrderProcessor(OrderStore store, Outbox outbox, OrderMessages messages, OrderLifecycle lifecycle) {
        this.store = store;
        this.outbox = outbox;
        this.messages = messages;
        this.lifecycle = lifecycle;
    }

    @Override
    public Future<Void> handle(SqlConnection tx, List<ReceivedMessage<OrderCommand>> commands) {
        Set<OrderId> ids = new HashSet<>();
        UnprocessableMessagesException.forEach(
                commands, ReceivedMessage::messageId, received -> ids.add(orderId(received)));
        return store.lock(tx, ids).compose(locked -> {
            Batch batch = new Batch(locked);
            UnprocessableMessagesException.forEach(
                    commands, ReceivedMessage::messageId, received -> decide(batch, received));
            return batch.write(tx);
        });
    }

    @Override
    public Future<Set<UUID>> blockedMessages(SqlConnection tx, List<ReceivedMessage<OrderCommand>> commands) {
        Set<OrderId> ids = new HashSet<>();
        commands.forEach(received -> OrderId.parse(received.message().orderId()).ifPresent(ids::add));
        return store.lockedByOthers(tx, ids)
                .map(locked -> LockedRows.messagesThatNeed(
                        locked,
                        commands,
                        command -> OrderId.parse(command.orderId()).map(Set::of).orElse(Set.of())));
    }

    /**
     * Records the customer's request to cancel the order. The first request also appends a message for the saga. The row lock decides
     * whether this request or a confirmation came first; a confirmed order stays unchanged. The caller owns the transaction.
     *
     * @param traceparent the trace context of the request, or null to use that of the order
     * @return the order after the request, or empty if it does not exist
     */
    Future<Optional<Order>> requestCancel(SqlConnection tx, OrderId id, @Nullable String traceparent) {
        return store.lock(tx, Set.of(id)).compose(locked -> {
            LockedOrder order = locked.get(id);
            if (order == null) {
                return Future.succeededFuture(Optional.empty());
            }
            Batch batch = new Batch(locked);
            batch.apply(order, lifecycle.decide(order.state(), new RequestCancel()), traceparent);
            return batch.write(tx).compose(written -> store.find(tx, id));
        });
    }

    private void decide(Batch batch, ReceivedMessage<OrderCommand> received) {
        OrderId id = orderId(received);
        LockedOrder order = batch.locked.get(id);
        if (order == null) {
            throw unknownOrder(received);
        }
        try {
            Decision decision = lifecycle.decide(batch.state(order), messages.command(received.message()));
            batch.apply(order, decision, received.traceparent());
        } catch (UnexpectedCommandException contradiction) {
            throw new UnprocessableMessageException(
                    UNEXPECTED,
                    contradiction.getMessage() + " for order "
                            + received.message().orderId());
        }
    }

    private static OrderId orderId(ReceivedMessage<OrderCommand> received) {
        return OrderId.parse(received.message().orderId()).orElseThrow(() -> unknownOrder(received));
    }

    private static UnprocessableMessageException unknownOrder(ReceivedMessage<OrderCommand> received) {
        OrderCommand command = received.message();
        return new UnprocessableMessageException(
                UNEXPECTED,
                command.getClass().getSimpleName() + " refers to order " + command.orderId()
                        + ", which does not exist");
    }

    /** Collects the decisions of one transaction. */
    private final class Batch {
        private final Map<OrderId, LockedOrder> locked;
        private final Map<OrderId, OrderState> changed = new HashMap<>();
        private final List<OutboxMessage> outgoing = new ArrayList<>();

        Batch(Map<OrderId, LockedOrder> locked) {
            this.locked = locked;
        }

        OrderState state(LockedOrder order) {
            return changed.getOrDefault(order.id(), order.state());
        }

        void apply(LockedOrder order, Decision decision, @Nullable String traceparent) {
            // If the state stays the same, the row must not be written: that would change updated_at although nothing
            // was updated.
            if (!decision.state().equals(state(order))) {
                changed.put(order.id(), decision.state());
            }
            for (OrderEvent event : decision.events()) {
                outgoing.add(
                        messages.event(order.id(), event, traceparent == null ? order.traceparent() : traceparent));
            }
        }

        Future<Void> write(SqlConnection tx) {
            return store.save(tx, changed).compose(saved -> outbox.append(tx, outgoing));
        }
    }
}
