package dev.lockstep.inventory;

import dev.lockstep.contracts.InventoryCommand;
import dev.lockstep.inventory.ReservationStore.StoredReservation;
import dev.lockstep.inventory.domain.HeldLine;
import dev.lockstep.inventory.domain.OrderId;
import dev.lockstep.inventory.domain.OrderLine;
import dev.lockstep.inventory.domain.Product;
import dev.lockstep.inventory.domain.ProductId;
import dev.lockstep.inventory.domain.Reservation.Held;
import dev.lockstep.inventory.domain.Reservation.Rejected;
import dev.lockstep.inventory.domain.Reservation.Released;
import dev.lockstep.inventory.domain.Reservation.Unseen;
import dev.lockstep.inventory.domain.StockCommand;
import dev.lockstep.inventory.domain.StockCommand.Release;
import dev.lockstep.inventory.domain.StockCommand.Reserve;
import dev.lockstep.inventory.domain.StockDecider;
import dev.lockstep.inventory.domain.TotalTooLargeException;
import dev.lockstep.messaging.delivery.LockedRows;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.failure.UnprocessableMessagesException;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Executes stock commands around {@link StockDecider}: locks the orders and products of a batch, decides the commands one by one, saves the
 * result and appends the replies, all in the consumer's transaction. A batch updates each product at most once, however many orders need
 * it.
 */
final class InventoryProcessor implements MessageHandler<InventoryCommand> {
    private final InventoryMessages messages;
    private final ReservationStore reservations;
    private final ProductStore products;
    private final Outbox outbox;
    private final StockDecider decider;

    InventoryProcessor(
            InventoryMessages messages,
            ReservationStore reservations,
            ProductStore products,
            Outbox outbox,
            StockDecider decider) {
        this.messages = messages;
        this.reservations = reservations;
        this.products = products;
        this.outbox = outbox;
        this.decider = decider;
    }

    private record ReceivedCommand(
            UUID messageId, StockCommand command, @Nullable String traceparent) {}

    @Override
    public Future<Void> handle(SqlConnection tx, List<ReceivedMessage<InventoryCommand>> received) {
        List<ReceivedCommand> tasks = received.stream()
                .map(each ->
                        new ReceivedCommand(each.messageId(), messages.toCommand(each.message()), each.traceparent()))
                .toList();
        Set<OrderId> orderIds =
                tasks.stream().map(task -> task.command().orderId()).collect(Collectors.toSet());
        // Every batch locks orders before products, each in key order. With one global lock order, batches cannot
        // deadlock.
        return reservations
                .lock(tx, orderIds)
                .compose(stored -> products.lock(tx, affectedProducts(tasks, stored))
                        .compose(locked -> decide(tx, tasks, stored, locked)));
    }

    @Override
    public Future<Set<UUID>> blockedMessages(SqlConnection tx, List<ReceivedMessage<InventoryCommand>> received) {
        List<ReceivedCommand> tasks = received.stream()
                .map(each ->
                        new ReceivedCommand(each.messageId(), messages.toCommand(each.message()), each.traceparent()))
                .toList();
        Set<OrderId> orderIds =
                tasks.stream().map(task -> task.command().orderId()).collect(Collectors.toSet());
        return reservations
                .lockedByOthers(tx, orderIds)
                .compose(lockedOrders -> reservations
                        .list(tx, orderIds)
                        .compose(stored -> products.lockedByOthers(tx, affectedProducts(tasks, stored))
                                .map(lockedProducts -> {
                                    Set<OrderId> blocked = new HashSet<>(lockedOrders);
                                    for (ReceivedCommand task : tasks) {
                                        if (!Collections.disjoint(
                                                affectedProducts(List.of(task), stored), lockedProducts)) {
                                            blocked.add(task.command().orderId());
                                        }
                                    }
                                    return LockedRows.messagesThatNeed(
                                            blocked,
                                            received,
                                            message -> Set.of(
                                                    messages.toCommand(message).orderId()));
                                })));
    }

    private OutboxMessage answer(ReservationBatch batch, ReceivedCommand task) {
        try {
            return messages.toAnswer(task.command().orderId(), batch.apply(task.command()), task.traceparent());
        } catch (TotalTooLargeException e) {
            throw new UnprocessableMessageException("TOTAL_TOO_LARGE", String.valueOf(e.getMessage()));
        }
    }

    private Future<Void> decide(
            SqlConnection tx,
            List<ReceivedCommand> tasks,
            Map<OrderId, StoredReservation> stored,
            Map<ProductId, Product> locked) {
        ReservationBatch batch = new ReservationBatch(decider, stored, locked);
        List<OutboxMessage> answers = new ArrayList<>(tasks.size());
        UnprocessableMessagesException.forEach(
                tasks, ReceivedCommand::messageId, task -> answers.add(answer(batch, task)));
        // join lets the client pipeline the three statements, and completes only after all of them. The caller commits
        // only if all have succeeded.
        return Future.join(
                        products.move(tx, batch.moved()),
                        reservations.save(tx, batch.changes()),
                        outbox.append(tx, answers))
                .mapEmpty();
    }

    /**
     * The products whose stock the batch may change. A repeated command changes no stock, so its products stay unlocked.
     */
    private static Set<ProductId> affectedProducts(
            Collection<ReceivedCommand> tasks, Map<OrderId, StoredReservation> stored) {
        Set<ProductId> ids = new HashSet<>();
        for (ReceivedCommand task : tasks) {
            StockCommand command = task.command();
            switch (stored.getOrDefault(command.orderId(), StoredReservation.UNSEEN)
                    .reservation()) {
                case Unseen first -> addOrdered(ids, command);
                case Held held -> addHeld(ids, held, command);
                case Rejected nothingHeld -> {}
                case Released nothingHeld -> {}
            }
        }
        return ids;
    }

    private static void addOrdered(Set<ProductId> ids, StockCommand command) {
        switch (command) {
            case Reserve reserve ->
                // An invalid id is unknown by definition, and Postgres might reject it as a parameter.
                reserve.lines().stream()
                        .map(OrderLine::productId)
                        .filter(id -> id.problem().isEmpty())
                        .forEach(ids::add);
            case Release release -> {}
        }
    }

    private static void addHeld(Set<ProductId> ids, Held held, StockCommand command) {
        switch (command) {
            case Reserve repeat -> {}
            case Release release ->
                held.lines().stream().map(HeldLine::productId).forEach(ids::add);
        }
    }
}
