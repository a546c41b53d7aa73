package dev.lockstep.saga;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;
import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;

import dev.lockstep.saga.domain.OrderId;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** SQL of the {@code saga} table, which has one row for each order. The caller owns the transaction. */
final class SagaStore {
    private static final String LOCK = """
            SELECT order_id, state, data::text AS data, version, traceparent, extract(epoch FROM now() - created_at)::float8 AS age
              FROM saga
             WHERE order_id = ANY($1::text[])
             ORDER BY order_id
               FOR UPDATE
            """;

    private static final String LOCKED_BY_OTHERS = """
            SELECT order_id FROM saga WHERE order_id = ANY ($1::text[])
            EXCEPT
            SELECT order_id FROM (SELECT order_id FROM saga WHERE order_id = ANY ($1::text[]) FOR UPDATE SKIP LOCKED) free
            """;

    private static final String LOCK_OVERDUE = """
            SELECT order_id, state, data::text AS data, version, traceparent, extract(epoch FROM now() - created_at)::float8 AS age
              FROM saga
             WHERE deadline <= now()
             ORDER BY deadline
             LIMIT $1
               FOR UPDATE SKIP LOCKED
            """;

    // now() is the database's clock: instances that set and check deadlines must not depend on their own clocks. A row
    // inserted by another transaction in the meantime already has a version, so it is not updated.
    private static final String SAVE = """
            INSERT INTO saga (order_id, state, data, waiting_for, version, deadline, traceparent)
            SELECT order_id, state, data::jsonb, string_to_array(waiting_for, ','), version,
                   now() + make_interval(secs => deadline), traceparent
              FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::float8[], $7::text[])
                   AS moved (order_id, state, data, waiting_for, version, deadline, traceparent)
             ORDER BY order_id COLLATE "C"
            ON CONFLICT (order_id) DO UPDATE
               SET state = EXCLUDED.state, data = EXCLUDED.data, waiting_for = EXCLUDED.waiting_for,
                   version = EXCLUDED.version, deadline = EXCLUDED.deadline, traceparent = EXCLUDED.traceparent,
                   updated_at = now(), failures = 0, failure = NULL,
                   waiting_since = CASE WHEN saga.waiting_for = EXCLUDED.waiting_for THEN saga.waiting_since ELSE now() END
             WHERE saga.version = EXCLUDED.version - 1
            RETURNING order_id
            """;

    private static final String OVERDUE = """
            SELECT order_id
              FROM saga
             WHERE deadline <= now()
             ORDER BY deadline
             LIMIT $1
            """;

    private static final String LOCK_OVERDUE_AMONG = """
            SELECT order_id, state, data::text AS data, version, traceparent, extract(epoch FROM now() - created_at)::float8 AS age
              FROM saga
             WHERE order_id = ANY($1::text[])
               AND deadline <= now()
             ORDER BY deadline
               FOR UPDATE SKIP LOCKED
            """;

    // Delays from 1 to 300 seconds: a broken saga stays broken until it is repaired, and every attempt until then costs
    // a query.
    private static final String POSTPONE = """
            UPDATE saga
               SET failures = failures + 1, failure = $2,
                   deadline = now() + make_interval(secs => least(300, power(2, least(failures, 10))))
             WHERE order_id = $1
               AND deadline <= now()
            """;

    private static final String COUNT_ACTIVE = """
            SELECT state, count(*) AS sagas, count(*) FILTER (WHERE failures > 0) AS faulty,
                   extract(epoch FROM now() - min(waiting_since))::float8 AS oldest
              FROM saga
             WHERE state NOT IN ('CONFIRMED', 'CANCELLED', 'ABANDONED')
             GROUP BY state
            """;

    // Scans the index from the oldest saga, skipping the few that are active or abandoned. A saga that was cancelled
    // before its order arrived is kept: the order may still arrive, and only this row records that it is cancelled.
    private static final String DELETE_ENDED = """
            WITH old AS (
                SELECT order_id
                  FROM saga
                 WHERE created_at < now() - make_interval(secs => $1)
                   AND updated_at < now() - make_interval(secs => $1)
                   AND state IN ('CONFIRMED', 'CANCELLED')
                   AND EXISTS (SELECT FROM saga_history h WHERE h.order_id = saga.order_id AND h.event = 'OrderCreated')
                 ORDER BY created_at, order_id
                 LIMIT $2
                   FOR UPDATE SKIP LOCKED
            ), forgotten AS (
                DELETE FROM saga_history USING old WHERE saga_history.order_id = old.order_id
            )
            DELETE FROM saga USING old WHERE saga.order_id = old.order_id
            """;

    private final SagaMessages messages;

    SagaStore(SagaMessages messages) {
        this.messages = messages;
    }

    /**
     * Reads the sagas and locks their rows, in key order, until the transaction ends. Orders without a saga are missing from the result.
     */
    Future<Map<OrderId, StoredSaga>> lock(SqlConnection tx, Collection<OrderId> orderIds) {
        return tx.preparedQuery(LOCK)
                .collecting(mapping(this::toSaga, toMap(StoredSaga::orderId, saga -> saga)))
                .execute(Tuple.tuple().addArrayOfString(ids(orderIds)))
                .map(SqlResult::value);
    }

    /** The orders whose saga is locked by another transaction. Does not wait for the locks. */
    Future<Set<OrderId>> lockedByOthers(SqlConnection tx, Collection<OrderId> orderIds) {
        return tx.preparedQuery(LOCKED_BY_OTHERS)
                .collecting(mapping(SagaStore::orderId, toSet()))
                .execute(Tuple.tuple().addArrayOfString(ids(orderIds)))
                .map(SqlResult::value);
    }

    /**
     * Reads and locks sagas whose deadline has passed, longest overdue first. Skips rows that another transaction has locked.
     */
    Future<List<StoredSaga>> lockOverdue(SqlConnection tx, int limit) {
        return tx.preparedQuery(LOCK_OVERDUE)
                .collecting(mapping(this::toSaga, toList()))
                .execute(Tuple.of(limit))
                .map(SqlResult::value);
    }

    /** The sagas whose deadline has passed, longest overdue first, including locked ones. Takes no locks. */
    Future<List<OrderId>> overdue(SqlClient client, int limit) {
        return client.preparedQuery(OVERDUE)
                .collecting(mapping(SagaStore::orderId, toList()))
                .execute(Tuple.of(limit))
                .map(SqlResult::value);
    }

    /**
     * Reads and locks those of the given sagas whose deadline has passed. Skips rows that another transaction has locked.
     */
    Future<List<StoredSaga>> lockOverdue(SqlConnection tx, Collection<OrderId> among) {
        return tx.preparedQuery(LOCK_OVERDUE_AMONG)
                .collecting(mapping(this::toSaga, toList()))
                .execute(Tuple.tuple().addArrayOfString(ids(among)))
                .map(SqlResult::value);
    }

    /**
     * Records why an overdue saga could not advance, and postpones its deadline. The delay doubles with each consecutive failure.
     */
    Future<Void> postpone(SqlClient client, OrderId orderId, String failure) {
        return client.preparedQuery(POSTPONE)
                .execute(Tuple.of(orderId.value(), failure))
                .mapEmpty();
    }

    /**
     * Saves the new states of the sagas with new deadlines.
     *
     * @return the orders that were saved; the sagas of the others were started by another transaction after they were read
     */
    Future<Set<OrderId>> save(SqlConnection tx, List<SagaUnitOfWork> moved) {
        if (moved.isEmpty()) {
            return Future.succeededFuture(Set.of());
        }
        return tx.preparedQuery(SAVE)
                .collecting(mapping(SagaStore::orderId, toSet()))
                .execute(Tuple.tuple()
                        .addArrayOfString(column(moved, saga -> saga.orderId().value()))
                        .addArrayOfString(
                                column(moved, saga -> StateName.of(saga.state()).name()))
                        .addArrayOfString(column(moved, saga -> messages.toData(saga.state())))
                        .addArrayOfString(column(moved, saga -> String.join(",", messages.waitingFor(saga.state()))))
                        .addArrayOfInteger(
                                moved.stream().map(saga -> saga.version() + 1).toArray(Integer[]::new))
                        .addValue(deadlines(moved))
                        .addValue(traceparents(moved)))
                .map(SqlResult::value);
    }

    /**
     * Statistics about the sagas in one active state.
     *
     * @param faulty how many of them failed to advance when their deadline passed
     * @param oldestSeconds how long the longest-waiting saga has been waiting for the same messages
     */
    record Count(long sagas, long faulty, double oldestSeconds) {
        static final Count NONE = new Count(0, 0, 0);
    }

    /**
     * Statistics about active sagas by state. States without sagas are missing, as are states that this version does not know.
     */
    Future<Map<StateName, Count>> countActive(SqlClient client) {
        return client.preparedQuery(COUNT_ACTIVE).execute().map(rows -> {
            Map<StateName, Count> counts = new EnumMap<>(StateName.class);
            for (Row row : rows) {
                StateName.find(row.getString("state"))
                        .ifPresent(state -> counts.put(
                                state,
                                new Count(row.getLong("sagas"), row.getLong("faulty"), row.getDouble("oldest"))));
            }
            return counts;
        });
    }

    /**
     * Deletes sagas that were confirmed or cancelled at least {@code retention} ago, with their histories. Abandoned sagas are kept.
     *
     * @param limit maximum number of sagas
     * @return the number of deleted sagas
     */
    Future<Integer> deleteEnded(SqlClient client, Duration retention, int limit) {
        return client.preparedQuery(DELETE_ENDED)
                .execute(Tuple.of(retention.toMillis() / 1e3, limit))
                .map(RowSet::rowCount);
    }

    private StoredSaga toSaga(Row row) {
        return new StoredSaga(
                orderId(row),
                messages.toState(row.getString("state"), row.getString("data")),
                row.getInteger("version"),
                row.getString("traceparent"),
                Duration.ofNanos(Math.max(0, (long) (row.getDouble("age") * 1e9))));
    }

    private static OrderId orderId(Row row) {
        return new OrderId(row.getString("order_id"));
    }

    private static String[] ids(Collection<OrderId> orderIds) {
        return orderIds.stream().map(OrderId::value).toArray(String[]::new);
    }

    private static String[] column(List<SagaUnitOfWork> sagas, Function<SagaUnitOfWork, String> value) {
        return sagas.stream().map(value).toArray(String[]::new);
    }

    private static @Nullable Double[] deadlines(List<SagaUnitOfWork> sagas) {
        @Nullable Double[] deadlines = new @Nullable Double[sagas.size()];
        for (int i = 0; i < deadlines.length; i++) {
            Duration deadline = sagas.get(i).deadline();
            deadlines[i] = deadline == null ? null : deadline.toMillis() / 1e3;
        }
        return deadlines;
    }

    private static @Nullable String[] traceparents(List<SagaUnitOfWork> sagas) {
        @Nullable String[] traceparents = new @Nullable String[sagas.size()];
        for (int i = 0; i < traceparents.length; i++) {
            traceparents[i] = sagas.get(i).traceparent();
        }
        return traceparents;
    }
}
