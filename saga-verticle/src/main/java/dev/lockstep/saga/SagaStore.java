package dev.lockstep.saga;

import dev.lockstep.saga.domain.OrderId;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One row per order's saga. The caller owns the transaction. */
final class SagaStore {
    private static final String LOCK = """
            SELECT order_id, state, data::text AS data, version, traceparent, extract(epoch FROM now() - created_at)::float8 AS age
              FROM saga
             WHERE order_id = ANY($1::text[])
             ORDER BY order_id
               FOR UPDATE
            """;

    private static final String LOCK_OVERDUE = """
            SELECT order_id, state, data::text AS data, version, traceparent, extract(epoch FROM now() - created_at)::float8 AS age
              FROM saga
             WHERE deadline <= now()
             ORDER BY deadline
             LIMIT $1
               FOR UPDATE SKIP LOCKED
            """;

    // now() is the database's clock: deadlines set by one instance and judged by another must not depend on theirs.
    // A row that another transaction inserted in the meantime has a version already and is left alone.
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
                   updated_at = now()
             WHERE saga.version = EXCLUDED.version - 1
            RETURNING order_id
            """;

    private static final String COUNT_ACTIVE = """
            SELECT state, count(*) AS sagas
              FROM saga
             WHERE state NOT IN ('CONFIRMED', 'CANCELLED')
             GROUP BY state
            """;

    private final SagaMessages messages;

    SagaStore(SagaMessages messages) {
        this.messages = messages;
    }

    /** Reads the sagas and locks their rows, in key order, until the transaction ends. Those without a row are left out. */
    Future<Map<OrderId, StoredSaga>> lock(SqlConnection tx, Collection<OrderId> orderIds) {
        String[] ids = orderIds.stream().map(OrderId::value).toArray(String[]::new);
        return tx.preparedQuery(LOCK)
                .execute(Tuple.tuple().addArrayOfString(ids))
                .map(rows -> {
                    Map<OrderId, StoredSaga> sagas = new HashMap<>();
                    for (Row row : rows) {
                        StoredSaga saga = toSaga(row);
                        sagas.put(saga.orderId(), saga);
                    }
                    return sagas;
                });
    }

    /** Reads and locks sagas whose deadline has passed, the longest overdue first, except those that somebody is at. */
    Future<List<StoredSaga>> lockOverdue(SqlConnection tx, int limit) {
        return tx.preparedQuery(LOCK_OVERDUE)
                .execute(Tuple.of(limit))
                .map((RowSet<Row> rows) -> rows.stream().map(this::toSaga).toList());
    }

    /**
     * Saves where the sagas stand now, with fresh deadlines.
     *
     * @return those that were saved; the others were started by another transaction since they were found unseen
     */
    Future<Set<OrderId>> save(SqlConnection tx, List<SagaProgress> moved) {
        if (moved.isEmpty()) {
            return Future.succeededFuture(Set.of());
        }
        return tx.preparedQuery(SAVE)
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
                .map(rows -> {
                    Set<OrderId> saved = new HashSet<>();
                    for (Row row : rows) {
                        saved.add(new OrderId(row.getString("order_id")));
                    }
                    return saved;
                });
    }

    /** How many sagas there are in each state that is not an end; states that none is in are left out. */
    Future<Map<StateName, Long>> countActive(SqlClient client) {
        return client.preparedQuery(COUNT_ACTIVE).execute().map(rows -> {
            Map<StateName, Long> counts = new EnumMap<>(StateName.class);
            for (Row row : rows) {
                counts.put(StateName.valueOf(row.getString("state")), row.getLong("sagas"));
            }
            return counts;
        });
    }

    private StoredSaga toSaga(Row row) {
        return new StoredSaga(
                new OrderId(row.getString("order_id")),
                messages.toState(row.getString("state"), row.getString("data")),
                row.getInteger("version"),
                row.getString("traceparent"),
                Duration.ofNanos(Math.max(0, (long) (row.getDouble("age") * 1e9))));
    }

    private static String[] column(List<SagaProgress> sagas, Function<SagaProgress, String> value) {
        return sagas.stream().map(value).toArray(String[]::new);
    }

    private static @Nullable Double[] deadlines(List<SagaProgress> sagas) {
        @Nullable Double[] deadlines = new @Nullable Double[sagas.size()];
        for (int i = 0; i < deadlines.length; i++) {
            Duration deadline = sagas.get(i).deadline();
            deadlines[i] = deadline == null ? null : deadline.toMillis() / 1e3;
        }
        return deadlines;
    }

    private static @Nullable String[] traceparents(List<SagaProgress> sagas) {
        @Nullable String[] traceparents = new @Nullable String[sagas.size()];
        for (int i = 0; i < traceparents.length; i++) {
            traceparents[i] = sagas.get(i).traceparent();
        }
        return traceparents;
    }
}
