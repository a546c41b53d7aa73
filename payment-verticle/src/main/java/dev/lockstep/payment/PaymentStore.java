package dev.lockstep.payment;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;
import static java.util.stream.Collectors.toSet;

import dev.lockstep.payment.domain.DeclineReason;
import dev.lockstep.payment.domain.Money;
import dev.lockstep.payment.domain.OrderId;
import dev.lockstep.payment.domain.Payment.Charged;
import dev.lockstep.payment.domain.Payment.Decided;
import dev.lockstep.payment.domain.Payment.Declined;
import dev.lockstep.payment.domain.Payment.Refunded;
import dev.lockstep.payment.domain.UserId;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * SQL of the {@code payment} table, which has one row for every order that a decision was made about. The caller owns the transaction.
 */
final class PaymentStore {
    // Locks in key order, so that two batches that need the same orders cannot deadlock.
    private static final String LOCK = """
            SELECT order_id, status, user_id, amount, currency, reason
              FROM payment
             WHERE order_id = ANY ($1::text[])
             ORDER BY order_id
               FOR UPDATE
            """;

    private static final String LOCKED_BY_OTHERS = """
            SELECT order_id FROM payment WHERE order_id = ANY ($1::text[])
            EXCEPT
            SELECT order_id FROM (SELECT order_id FROM payment WHERE order_id = ANY ($1::text[]) FOR UPDATE SKIP LOCKED) free
            """;

    private static final String LIST = """
            SELECT order_id, status, user_id, amount, currency, reason FROM payment WHERE order_id = ANY ($1::text[])
            """;

    // No ON CONFLICT: a row inserted since the lock was attempted holds another transaction's decision, and overwriting
    // it would lose money. The unique violation rolls the transaction back, and the next attempt sees the row.
    private static final String INSERT = """
            INSERT INTO payment (order_id, status, user_id, amount, currency, reason)
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[])
            """;

    private static final String UPDATE = """
            UPDATE payment
               SET status = decided.status, user_id = decided.user_id, amount = decided.amount,
                   currency = decided.currency, reason = decided.reason, updated_at = now()
              FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[])
                   AS decided (order_id, status, user_id, amount, currency, reason)
             WHERE payment.order_id = decided.order_id
            """;

    private static final String FIND =
            "SELECT order_id, status, user_id, amount, currency, reason FROM payment WHERE order_id = $1";

    /**
     * Reads the payments and locks their rows until the transaction ends. Orders without a payment are missing from the result.
     */
    Future<List<Decided>> lock(SqlClient tx, Collection<OrderId> orderIds) {
        return payments(tx, LOCK, orderIds);
    }

    /** The orders whose payment is locked by another transaction. Does not wait for the locks. */
    Future<Set<OrderId>> lockedByOthers(SqlClient tx, Collection<OrderId> orderIds) {
        return tx.preparedQuery(LOCKED_BY_OTHERS)
                .collecting(mapping(PaymentStore::orderId, toSet()))
                .execute(Tuple.tuple().addArrayOfString(ids(orderIds)))
                .map(SqlResult::value);
    }

    /** Reads the payments without locking. Orders without a payment are missing from the result. */
    Future<List<Decided>> list(SqlClient tx, Collection<OrderId> orderIds) {
        return payments(tx, LIST, orderIds);
    }

    private static Future<List<Decided>> payments(SqlClient tx, String statement, Collection<OrderId> orderIds) {
        return tx.preparedQuery(statement)
                .collecting(mapping(PaymentStore::payment, toList()))
                .execute(Tuple.tuple().addArrayOfString(ids(orderIds)))
                .map(SqlResult::value);
    }

    private static String[] ids(Collection<OrderId> orderIds) {
        return orderIds.stream().map(OrderId::value).toArray(String[]::new);
    }

    /**
     * Writes payments, new ones and changed ones. Fails if one of the new ones has a row by now.
     *
     * @param added payments that had no row when the orders were locked, sorted by order id
     * @param changed payments whose row locks the caller holds
     */
    Future<Void> save(SqlClient tx, List<Decided> added, List<Decided> changed) {
        return Future.join(write(tx, INSERT, added), write(tx, UPDATE, changed)).mapEmpty();
    }

    Future<Optional<Decided>> find(SqlClient tx, OrderId orderId) {
        return tx.preparedQuery(FIND)
                .mapping(PaymentStore::payment)
                .execute(Tuple.of(orderId.value()))
                .map((RowSet<Decided> payments) -> payments.stream().findFirst());
    }

    private static Future<Void> write(SqlClient tx, String statement, List<Decided> payments) {
        if (payments.isEmpty()) {
            return Future.succeededFuture();
        }
        int size = payments.size();
        String[] orderIds = new String[size];
        String[] statuses = new String[size];
        @Nullable String[] userIds = new @Nullable String[size];
        @Nullable Long[] amounts = new @Nullable Long[size];
        @Nullable String[] currencies = new @Nullable String[size];
        @Nullable String[] reasons = new @Nullable String[size];
        for (int i = 0; i < size; i++) {
            PaymentView payment = PaymentView.of(payments.get(i));
            orderIds[i] = payment.orderId();
            statuses[i] = payment.status().name();
            userIds[i] = payment.userId();
            amounts[i] = payment.amount() == null ? null : payment.amount().amount();
            currencies[i] = payment.amount() == null ? null : payment.amount().currency();
            reasons[i] = payment.reason();
        }
        return tx.preparedQuery(statement)
                .execute(Tuple.of(orderIds, statuses, userIds, amounts, currencies, reasons))
                .mapEmpty();
    }

    private static OrderId orderId(Row row) {
        return new OrderId(row.getString("order_id"));
    }

    private static Decided payment(Row row) {
        OrderId orderId = orderId(row);
        return switch (PaymentStatus.valueOf(row.getString("status"))) {
            case CHARGED -> new Charged(orderId, new UserId(row.getString("user_id")), requiredAmount(row));
            case DECLINED ->
                new Declined(
                        orderId,
                        new UserId(row.getString("user_id")),
                        requiredAmount(row),
                        DeclineReason.valueOf(row.getString("reason")));
            case REFUNDED -> new Refunded(orderId, userId(row), amount(row));
        };
    }

    private static @Nullable UserId userId(Row row) {
        String userId = row.getString("user_id");
        return userId == null ? null : new UserId(userId);
    }

    private static @Nullable Money amount(Row row) {
        return row.getLong("amount") == null ? null : requiredAmount(row);
    }

    private static Money requiredAmount(Row row) {
        return new Money(row.getLong("amount"), row.getString("currency"));
    }
}
