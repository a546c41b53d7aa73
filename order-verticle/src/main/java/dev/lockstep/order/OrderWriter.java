package dev.lockstep.order;

import dev.lockstep.messaging.failure.FailureClassifier;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.order.OrderStore.FirstUse;
import dev.lockstep.order.PlaceOrderResult.Accepted;
import dev.lockstep.order.PlaceOrderResult.KeyReused;
import dev.lockstep.order.domain.OrderId;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Writes new orders and their {@code OrderCreated} messages in one transaction. */
final class OrderWriter {
    private static final Comparator<PlaceOrder> BY_KEY =
            Comparator.comparing(OrderWriter::keyOf, Comparator.nullsFirst(Comparator.naturalOrder()));

    private final Pool pool;
    private final OrderStore store;
    private final Outbox outbox;
    private final OrderMessages messages;

    OrderWriter(Pool pool, OrderStore store, Outbox outbox, OrderMessages messages) {
        this.pool = pool;
        this.store = store;
        this.outbox = outbox;
        this.messages = messages;
    }

    /**
     * Writes all placements or none, in a transaction of its own. Completes with the results, in the order of the placements, once the
     * orders are durable. Fails with {@link OutcomeUnknownException} if the connection was lost while the commit was in progress.
     */
    Future<List<PlaceOrderResult>> place(List<PlaceOrder> placements) {
        List<PlaceOrder> sorted = placements.stream().sorted(BY_KEY).toList();
        AtomicBoolean committing = new AtomicBoolean();
        return pool.withTransaction(tx -> place(tx, sorted).onSuccess(written -> committing.set(true)))
                .recover(cause -> Future.failedFuture(
                        committing.get() && FailureClassifier.mayHaveCommitted(cause)
                                ? new OutcomeUnknownException(cause)
                                : cause))
                .map(placed -> placements.stream()
                        .map(placement -> Objects.requireNonNull(placed)
                                .get(placement.order().id()))
                        .toList());
    }

    private Future<Map<OrderId, PlaceOrderResult>> place(SqlConnection tx, List<PlaceOrder> placements) {
        return store.insert(tx, placements)
                .compose(written -> appendCreated(tx, placements, written)
                        .compose(appended -> firstUses(tx, placements, written))
                        .map(first -> {
                            Map<OrderId, PlaceOrderResult> placed = HashMap.newHashMap(placements.size());
                            placements.forEach(placement ->
                                    placed.put(placement.order().id(), toResult(placement, written, first)));
                            return placed;
                        }));
    }

    private Future<Void> appendCreated(SqlConnection tx, List<PlaceOrder> placements, Map<OrderId, Instant> written) {
        return outbox.append(
                tx,
                placements.stream()
                        .filter(placement ->
                                written.containsKey(placement.order().id()))
                        .map(messages::created)
                        .toList());
    }

    // The first use of each key that was already used. The insert has waited for the transaction of that first use, so
    // its order is visible to this statement.
    private Future<Map<String, FirstUse>> firstUses(
            SqlConnection tx, List<PlaceOrder> placements, Map<OrderId, Instant> written) {
        List<String> used = placements.stream()
                .filter(placement -> !written.containsKey(placement.order().id()))
                .map(PlaceOrder::idempotency)
                .filter(Objects::nonNull)
                .map(Idempotency::key)
                .toList();
        return used.isEmpty() ? Future.succeededFuture(Map.of()) : store.findByKeys(tx, used);
    }

    private static PlaceOrderResult toResult(
            PlaceOrder placement, Map<OrderId, Instant> written, Map<String, FirstUse> firstUses) {
        Instant writtenAt = written.get(placement.order().id());
        if (writtenAt != null) {
            return new Accepted(placement.order().placedAt(writtenAt));
        }
        Idempotency idempotency =
                Objects.requireNonNull(placement.idempotency(), "an order without a key was not inserted");
        FirstUse first = Objects.requireNonNull(firstUses.get(idempotency.key()), "a used key has no order");
        return first.requestHash().equals(idempotency.requestHash()) ? new Accepted(first.order()) : new KeyReused();
    }

    private static @Nullable String keyOf(PlaceOrder placement) {
        return placement.idempotency() == null ? null : placement.idempotency().key();
    }
}
