package dev.lockstep.inventory;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;

import dev.lockstep.inventory.domain.HeldLine;
import dev.lockstep.inventory.domain.Money;
import dev.lockstep.inventory.domain.OrderId;
import dev.lockstep.inventory.domain.ProductId;
import dev.lockstep.inventory.domain.RejectionReason;
import dev.lockstep.inventory.domain.Reservation;
import dev.lockstep.inventory.domain.Reservation.Decided;
import dev.lockstep.inventory.domain.Reservation.Held;
import dev.lockstep.inventory.domain.Reservation.Rejected;
import dev.lockstep.inventory.domain.Reservation.Released;
import dev.lockstep.inventory.domain.Reservation.Unseen;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * SQL of the {@code reservation} table, which has one row for every order that a command was received for. Every method runs on the
 * caller's connection; the caller owns the transaction.
 */
final class ReservationStore {
    private static final String LOCK = """
            SELECT order_id, version, state, items, total, currency, reason
              FROM reservation
             WHERE order_id = ANY ($1::text[])
             ORDER BY order_id
               FOR UPDATE
            """;

    private static final String LIST = """
            SELECT order_id, version, state, items, total, currency, reason
              FROM reservation
             WHERE order_id = ANY ($1::text[])
            """;

    private static final String LOCKED_BY_OTHERS = """
            SELECT order_id FROM reservation WHERE order_id = ANY ($1::text[])
            EXCEPT
            SELECT order_id
              FROM (SELECT order_id FROM reservation WHERE order_id = ANY ($1::text[]) FOR UPDATE SKIP LOCKED) free
            """;

    // A row that did not exist at read time could not be locked. If another transaction has inserted it since, the
    // versions do not match and the row is not updated: overwriting it would lose the stock that it holds.
    private static final String SAVE = """
            INSERT INTO reservation (order_id, version, state, items, total, currency, reason)
            SELECT order_id, version, state, items::jsonb, total, currency, reason
              FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[])
                   AS decided (order_id, version, state, items, total, currency, reason)
             ORDER BY order_id
            ON CONFLICT (order_id) DO UPDATE
               SET version = EXCLUDED.version, state = EXCLUDED.state, items = EXCLUDED.items, total = EXCLUDED.total,
                   currency = EXCLUDED.currency, reason = EXCLUDED.reason, updated_at = now()
             WHERE reservation.version = EXCLUDED.version - 1
            """;

    /**
     * A reservation as read from the database.
     *
     * @param version number of times the row was written; 0 if the order has no row
     */
    record StoredReservation(long version, Reservation reservation) {
        static final StoredReservation UNSEEN = new StoredReservation(0, new Unseen());
    }

    /** A reservation to save, and the version that the decision is based on. */
    record Change(OrderId orderId, long baseVersion, Decided reservation) {}

    /**
     * Reads the reservations and locks their rows until the transaction ends. Orders without a reservation are missing from the result.
     */
    Future<Map<OrderId, StoredReservation>> lock(SqlConnection tx, Collection<OrderId> ids) {
        return read(tx, LOCK, ids);
    }

    /** Reads the reservations without locking. Orders without a reservation are missing from the result. */
    Future<Map<OrderId, StoredReservation>> list(SqlConnection tx, Collection<OrderId> ids) {
        return read(tx, LIST, ids);
    }

    /** The orders whose reservation is locked by another transaction. Does not wait for the locks. */
    Future<Set<OrderId>> lockedByOthers(SqlConnection tx, Collection<OrderId> ids) {
        return tx.preparedQuery(LOCKED_BY_OTHERS)
                .collecting(mapping(ReservationStore::orderId, toSet()))
                .execute(parameter(ids))
                .map(SqlResult::value);
    }

    private static Future<Map<OrderId, StoredReservation>> read(
            SqlConnection tx, String statement, Collection<OrderId> ids) {
        return tx.preparedQuery(statement)
                .collecting(toMap(
                        ReservationStore::orderId,
                        row -> new StoredReservation(row.getLong("version"), toReservation(row))))
                .execute(parameter(ids))
                .map(SqlResult::value);
    }

    private static OrderId orderId(Row row) {
        return new OrderId(row.getString("order_id"));
    }

    private static Tuple parameter(Collection<OrderId> ids) {
        return Tuple.tuple().addValue(ids.stream().map(OrderId::value).toArray(String[]::new));
    }

    /**
     * Saves the reservations. Fails with {@link ReservationChangedException} if another transaction has decided on one of the orders since
     * it was read.
     */
    Future<Void> save(SqlConnection tx, List<Change> changes) {
        if (changes.isEmpty()) {
            return Future.succeededFuture();
        }
        return tx.preparedQuery(SAVE)
                .execute(toColumns(changes))
                .compose(saved -> saved.rowCount() == changes.size()
                        ? Future.succeededFuture()
                        : Future.failedFuture(ReservationChangedException.of(changes.size() - saved.rowCount())));
    }

    private static Tuple toColumns(List<Change> changes) {
        int size = changes.size();
        String[] orderIds = new String[size];
        Long[] versions = new Long[size];
        String[] states = new String[size];
        // Passed as text: in a jsonb array the client would encode a missing element as JSON null instead of SQL NULL.
        @Nullable String[] items = new String[size];
        @Nullable Long[] totals = new Long[size];
        @Nullable String[] currencies = new String[size];
        @Nullable String[] reasons = new String[size];
        for (int i = 0; i < size; i++) {
            Change change = changes.get(i);
            orderIds[i] = change.orderId().value();
            versions[i] = change.baseVersion() + 1;
            switch (change.reservation()) {
                case Held held -> {
                    states[i] = "HELD";
                    items[i] = toItems(held.lines()).encode();
                    totals[i] = held.total().amount();
                    currencies[i] = held.total().currency();
                }
                case Rejected rejected -> {
                    states[i] = "REJECTED";
                    reasons[i] = rejected.reason().name();
                }
                case Released released -> states[i] = "RELEASED";
            }
        }
        return Tuple.tuple()
                .addValue(orderIds)
                .addValue(versions)
                .addValue(states)
                .addValue(items)
                .addValue(totals)
                .addValue(currencies)
                .addValue(reasons);
    }

    private static Reservation toReservation(Row row) {
        return switch (row.getString("state")) {
            case "HELD" ->
                new Held(
                        toLines(row.getJsonArray("items")), new Money(row.getLong("total"), row.getString("currency")));
            case "REJECTED" -> new Rejected(RejectionReason.valueOf(row.getString("reason")));
            case "RELEASED" -> new Released();
            case String unknown ->
                throw new IllegalStateException("reservation of order %s has state %s, which is not supported"
                        .formatted(row.getString("order_id"), unknown));
        };
    }

    private static JsonArray toItems(List<HeldLine> lines) {
        JsonArray items = new JsonArray();
        lines.forEach(line -> items.add(new JsonObject()
                .put("productId", line.productId().value())
                .put("qty", line.qty())
                .put("unitPrice", line.unitPrice())));
        return items;
    }

    private static List<HeldLine> toLines(JsonArray items) {
        return items.stream()
                .map(JsonObject.class::cast)
                .map(item -> new HeldLine(
                        new ProductId(item.getString("productId")), item.getLong("qty"), item.getLong("unitPrice")))
                .toList();
    }
}
