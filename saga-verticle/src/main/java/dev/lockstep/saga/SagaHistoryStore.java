package dev.lockstep.saga;

import dev.lockstep.saga.domain.OrderId;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** SQL of the append-only {@code saga_history} table. The caller owns the transaction. */
final class SagaHistoryStore {
    private static final String APPEND = """
            INSERT INTO saga_history (order_id, event, state, detail)
            SELECT order_id, event, state, detail::jsonb
              FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS step (order_id, event, state, detail)
            """;

    private static final String OF_ORDER = """
            SELECT at, event, state, detail
              FROM saga_history
             WHERE order_id = $1
             ORDER BY seq
            """;

    /** Appends the entries in the given order. */
    Future<Void> append(SqlClient tx, List<SagaHistoryEntry> steps) {
        if (steps.isEmpty()) {
            return Future.succeededFuture();
        }
        return tx.preparedQuery(APPEND)
                .execute(Tuple.tuple()
                        .addArrayOfString(strings(steps.stream()
                                .map(step -> step.orderId().value())
                                .toList()))
                        .addArrayOfString(strings(
                                steps.stream().map(SagaHistoryEntry::event).toList()))
                        .addArrayOfString(strings(
                                steps.stream().map(step -> step.state().name()).toList()))
                        .addArrayOfString(strings(
                                steps.stream().map(SagaHistoryEntry::detail).toList())))
                .mapEmpty();
    }

    /** The history of one saga as returned over HTTP, oldest first. */
    Future<List<Map<String, Object>>> ofOrder(SqlClient client, OrderId orderId) {
        return client.preparedQuery(OF_ORDER)
                .execute(Tuple.of(orderId.value()))
                .map((RowSet<Row> rows) ->
                        rows.stream().map(SagaHistoryStore::toView).toList());
    }

    private static Map<String, Object> toView(Row row) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("at", row.getOffsetDateTime("at"));
        view.put("event", row.getString("event"));
        view.put("state", row.getString("state"));
        view.putAll(row.get(JsonObject.class, "detail").getMap());
        return view;
    }

    private static String[] strings(List<String> values) {
        return values.toArray(String[]::new);
    }
}
