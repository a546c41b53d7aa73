package dev.lockstep.order;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;
import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;

import dev.lockstep.order.domain.CancelReason;
import dev.lockstep.order.domain.Money;
import dev.lockstep.order.domain.NewOrder;
import dev.lockstep.order.domain.Order;
import dev.lockstep.order.domain.OrderId;
import dev.lockstep.order.domain.OrderState;
import dev.lockstep.order.domain.OrderState.CancelRequested;
import dev.lockstep.order.domain.OrderState.Cancelled;
import dev.lockstep.order.domain.OrderState.Confirmed;
import dev.lockstep.order.domain.OrderState.Pending;
import dev.lockstep.order.domain.OrderStatus;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** SQL of the {@code orders} table. Every method runs on the caller's connection; the caller owns the transaction. */
final class OrderStore {
    // If the idempotency key was used before, the insert is skipped and the row is not returned.
    private static final String INSERT = """
            INSERT INTO orders (order_id, user_id, items, traceparent, idempotency_key, request_hash)
            SELECT order_id, user_id, items::jsonb, traceparent, idempotency_key, request_hash
              FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
                   AS asked (order_id, user_id, items, traceparent, idempotency_key, request_hash)
            ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
            RETURNING order_id, created_at
            """;

    private static final String FIND_BY_KEYS = """
            SELECT order_id, user_id, items::text AS items, idempotency_key, request_hash, created_at
              FROM orders
             WHERE idempotency_key = ANY ($1::text[])
            """;

    private static final String FIND = """
            SELECT order_id, user_id, items::text AS items, status, reason, total_amount, total_currency,
                   cancel_requested_at IS NOT NULL AS cancel_requested, created_at, updated_at
              FROM orders
             WHERE order_id = $1
            """;

    private static final String TRACEPARENT = "SELECT traceparent FROM orders WHERE order_id = $1";

    // For each status the index is scanned from the cursor on, and the results are merged afterwards. Conditions and
    // sort orders compare whole index rows, so that no other index can serve the query: with `status = ... ORDER BY
    // order_id` the planner tends to scan all orders and discard those with another status, which may be all of ten
    // million. The outer condition drops rows where the scan has run past the wanted status.
    static final String LIST = """
            SELECT found.*
              FROM unnest($1::text[]) AS wanted (status)
             CROSS JOIN LATERAL (
                   SELECT order_id, user_id, items::text AS items, status, reason, total_amount, total_currency,
                          cancel_requested_at IS NOT NULL AS cancel_requested, created_at, updated_at
                     FROM orders
                    WHERE (orders.status, order_id) < (wanted.status, $2)
                    ORDER BY orders.status DESC, order_id DESC
                    LIMIT $3) AS found
             WHERE found.status = wanted.status
             ORDER BY order_id DESC
             LIMIT $3
            """;

    static final String LIST_OF_USER = """
            SELECT found.*
              FROM unnest($1::text[]) AS wanted (status)
             CROSS JOIN LATERAL (
                   SELECT order_id, user_id, items::text AS items, status, reason, total_amount, total_currency,
                          cancel_requested_at IS NOT NULL AS cancel_requested, created_at, updated_at
                     FROM orders
                    WHERE (user_id, orders.status, order_id) < ($4, wanted.status, $2)
                    ORDER BY user_id DESC, orders.status DESC, order_id DESC
                    LIMIT $3) AS found
             WHERE found.status = wanted.status AND found.user_id = $4
             ORDER BY order_id DESC
             LIMIT $3
            """;

    // Scans the same index as LIST, from the other end.
    static final String OLDEST_PENDING = """
            SELECT found.order_id, extract(epoch FROM now() - found.created_at)::float8 AS age
              FROM (SELECT order_id, orders.status, created_at
                      FROM orders
                     WHERE (orders.status, order_id) >= ('PENDING', '00000000-0000-0000-0000-000000000000'::uuid)
                     ORDER BY orders.status, order_id
                     LIMIT $1) AS found
             WHERE found.status = 'PENDING'
             ORDER BY found.order_id
            """;

    // Locks in order of the ids, so that two transactions that lock the same orders cannot deadlock.
    private static final String LOCK = """
            SELECT order_id, status, reason, total_amount, total_currency,
                   cancel_requested_at IS NOT NULL AS cancel_requested, traceparent
              FROM orders
             WHERE order_id = ANY ($1::uuid[])
             ORDER BY order_id
               FOR UPDATE
            """;

    private static final String LOCKED_BY_OTHERS = """
            SELECT order_id FROM orders WHERE order_id = ANY ($1::uuid[])
            EXCEPT
            SELECT order_id FROM (SELECT order_id FROM orders WHERE order_id = ANY ($1::uuid[]) FOR UPDATE SKIP LOCKED) free
            """;

    private static final String SAVE = """
            UPDATE orders
               SET status = decided.status,
                   reason = decided.reason,
                   total_amount = decided.total_amount,
                   total_currency = decided.total_currency,
                   cancel_requested_at = CASE WHEN decided.cancel_requested
                                              THEN coalesce(cancel_requested_at, now())
                                              ELSE cancel_requested_at END,
                   updated_at = now()
              FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::boolean[])
                   AS decided (order_id, status, reason, total_amount, total_currency, cancel_requested)
             WHERE orders.order_id = decided.order_id
            """;

    // The largest possible id; every order sorts before it.
    private static final UUID MAX_ORDER_ID = new UUID(-1L, -1L);

    /**
     * Inserts the orders whose idempotency key was not used before. If a transaction still in progress has used the key, the insert waits
     * for that transaction.
     *
     * @param placements sorted by key, so that two transactions that insert the same keys cannot deadlock
     * @return the creation time of each inserted order, by order id
     */
    Future<Map<OrderId, Instant>> insert(SqlClient tx, List<PlaceOrder> placements) {
        int size = placements.size();
        UUID[] ids = new UUID[size];
        String[] userIds = new String[size];
        String[] items = new String[size];
        String[] traceparents = new String[size];
        String[] keys = new String[size];
        String[] hashes = new String[size];
        for (int i = 0; i < size; i++) {
            PlaceOrder placement = placements.get(i);
            ids[i] = placement.order().id().value();
            userIds[i] = placement.order().userId();
            items[i] = OrderMessages.linesToJson(placement.order().lines());
            traceparents[i] = placement.traceparent();
            if (placement.idempotency() != null) {
                keys[i] = placement.idempotency().key();
                hashes[i] = placement.idempotency().requestHash();
            }
        }
        return tx.preparedQuery(INSERT)
                .collecting(toMap(OrderStore::orderId, row -> instant(row, "created_at")))
                .execute(Tuple.tuple()
                        .addValue(ids)
                        .addValue(userIds)
                        .addValue(items)
                        .addValue(traceparents)
                        .addValue(keys)
                        .addValue(hashes))
                .map(SqlResult::value);
    }

    /** The orders placed under these keys, in the state in which they were accepted, by key. */
    Future<Map<String, FirstUse>> findByKeys(SqlClient tx, Collection<String> keys) {
        return tx.preparedQuery(FIND_BY_KEYS)
                .collecting(toMap(row -> row.getString("idempotency_key"), OrderStore::firstUse))
                .execute(Tuple.tuple().addValue(keys.toArray(String[]::new)))
                .map(SqlResult::value);
    }

    /** The first request that used a key. */
    record FirstUse(Order order, String requestHash) {}

    Future<Optional<Order>> find(SqlClient tx, OrderId id) {
        return tx.preparedQuery(FIND)
                .mapping(OrderStore::toOrder)
                .execute(Tuple.of(id.value()))
                .map((RowSet<Order> orders) -> orders.stream().findFirst());
    }

    /** A PENDING order and its age. */
    record PendingOrder(OrderId orderId, double ageSeconds) {}

    /** The oldest PENDING orders, oldest first. */
    Future<List<PendingOrder>> oldestPending(SqlClient client, int limit) {
        return client.preparedQuery(OLDEST_PENDING)
                .collecting(mapping(row -> new PendingOrder(orderId(row), row.getDouble("age")), toList()))
                .execute(Tuple.of(limit))
                .map(SqlResult::value);
    }

    /** The trace context in which the order was accepted, or empty if the order does not exist. */
    Future<Optional<String>> traceparent(SqlClient tx, OrderId id) {
        return tx.preparedQuery(TRACEPARENT)
                .execute(Tuple.of(id.value()))
                .map((RowSet<Row> rows) -> rows.stream().findFirst().map(row -> row.getString("traceparent")));
    }

    /** The orders that match the filter, newest first. */
    Future<List<Order>> list(SqlClient tx, OrderFilter query) {
        Tuple parameters = Tuple.tuple()
                .addValue(query.statuses().stream().map(OrderStatus::name).toArray(String[]::new))
                .addValue(query.before() == null ? MAX_ORDER_ID : query.before().value())
                .addValue(query.rows());
        if (query.userId() != null) {
            parameters.addValue(query.userId());
        }
        return tx.preparedQuery(query.userId() == null ? LIST : LIST_OF_USER)
                .collecting(mapping(OrderStore::toOrder, toList()))
                .execute(parameters)
                .map(SqlResult::value);
    }

    /**
     * Reads the orders and locks their rows until the transaction ends. Orders that do not exist are missing from the result.
     */
    Future<Map<OrderId, LockedOrder>> lock(SqlClient tx, Collection<OrderId> ids) {
        return tx.preparedQuery(LOCK)
                .collecting(toMap(
                        OrderStore::orderId,
                        row -> new LockedOrder(orderId(row), state(row), row.getString("traceparent"))))
                .execute(Tuple.tuple().addValue(ids.stream().map(OrderId::value).toArray(UUID[]::new)))
                .map(SqlResult::value);
    }

    /** The orders whose rows are locked by another transaction. Does not wait for the locks. */
    Future<Set<OrderId>> lockedByOthers(SqlClient tx, Collection<OrderId> ids) {
        return tx.preparedQuery(LOCKED_BY_OTHERS)
                .collecting(mapping(OrderStore::orderId, toSet()))
                .execute(Tuple.tuple().addValue(ids.stream().map(OrderId::value).toArray(UUID[]::new)))
                .map(SqlResult::value);
    }

    /** Saves the new states of these orders. The caller must hold the row locks. */
    Future<Void> save(SqlClient tx, Map<OrderId, OrderState> states) {
        if (states.isEmpty()) {
            return Future.succeededFuture();
        }
        int size = states.size();
        UUID[] ids = new UUID[size];
        String[] statuses = new String[size];
        String[] reasons = new String[size];
        Long[] amounts = new Long[size];
        String[] currencies = new String[size];
        Boolean[] cancelRequested = new Boolean[size];
        int i = 0;
        for (Map.Entry<OrderId, OrderState> order : states.entrySet()) {
            ids[i] = order.getKey().value();
            statuses[i] = order.getValue().status().name();
            cancelRequested[i] = order.getValue() instanceof CancelRequested;
            if (order.getValue() instanceof Confirmed confirmed) {
                amounts[i] = confirmed.total().amount();
                currencies[i] = confirmed.total().currency();
            }
            if (order.getValue() instanceof Cancelled cancelled) {
                reasons[i] = cancelled.reason().name();
            }
            i++;
        }
        return tx.preparedQuery(SAVE)
                .execute(Tuple.tuple()
                        .addValue(ids)
                        .addValue(statuses)
                        .addValue(reasons)
                        .addValue(amounts)
                        .addValue(currencies)
                        .addValue(cancelRequested))
                .mapEmpty();
    }

    private static FirstUse firstUse(Row row) {
        NewOrder order = new NewOrder(
                orderId(row), row.getString("user_id"), OrderMessages.linesFromJson(row.getString("items")));
        return new FirstUse(order.placedAt(instant(row, "created_at")), row.getString("request_hash"));
    }

    private static Order toOrder(Row row) {
        return new Order(
                orderId(row),
                row.getString("user_id"),
                OrderMessages.linesFromJson(row.getString("items")),
                state(row),
                instant(row, "created_at"),
                instant(row, "updated_at"));
    }

    private static OrderState state(Row row) {
        return switch (OrderStatus.valueOf(row.getString("status"))) {
            case PENDING -> row.getBoolean("cancel_requested") ? new CancelRequested() : new Pending();
            case CONFIRMED -> new Confirmed(new Money(row.getLong("total_amount"), row.getString("total_currency")));
            case CANCELLED -> new Cancelled(CancelReason.valueOf(row.getString("reason")));
        };
    }

    private static OrderId orderId(Row row) {
        return new OrderId(row.getUUID("order_id"));
    }

    private static Instant instant(Row row, String column) {
        return row.getOffsetDateTime(column).toInstant();
    }
}
