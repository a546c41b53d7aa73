package dev.lockstep.saga;

import dev.lockstep.saga.SagaFilter.After;
import dev.lockstep.saga.domain.SagaState;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.Optional;

/** Reads sagas as they are shown. It locks nothing. */
final class SagaViewStore {
    private static final String FIND = """
            SELECT order_id, state, data::text AS data, waiting_for, deadline, created_at, updated_at
              FROM saga
             WHERE order_id = $1
            """;

    private static final String LIST = """
            SELECT order_id, state, data::text AS data, waiting_for, deadline, created_at, updated_at
              FROM saga
             WHERE created_at <= now() - make_interval(secs => $1)
               AND (created_at, order_id) < (COALESCE($2, 'infinity'::timestamptz), COALESCE($3, ''))
             ORDER BY created_at DESC, order_id DESC
             LIMIT $4
            """;

    // The condition on the states tells the planner that the partial index will do, whatever $5 turns out to be.
    private static final String LIST_ACTIVE = """
            SELECT order_id, state, data::text AS data, waiting_for, deadline, created_at, updated_at
              FROM saga
             WHERE created_at <= now() - make_interval(secs => $1)
               AND (created_at, order_id) < (COALESCE($2, 'infinity'::timestamptz), COALESCE($3, ''))
               AND state = $5
               AND state NOT IN ('CONFIRMED', 'CANCELLED')
             ORDER BY created_at DESC, order_id DESC
             LIMIT $4
            """;

    private static final String LIST_ENDED = """
            SELECT order_id, state, data::text AS data, waiting_for, deadline, created_at, updated_at
              FROM saga
             WHERE created_at <= now() - make_interval(secs => $1)
               AND (created_at, order_id) < (COALESCE($2, 'infinity'::timestamptz), COALESCE($3, ''))
               AND state = $5
               AND state IN ('CONFIRMED', 'CANCELLED')
             ORDER BY created_at DESC, order_id DESC
             LIMIT $4
            """;

    private final SagaMessages messages;

    SagaViewStore(SagaMessages messages) {
        this.messages = messages;
    }

    /** Without its history. */
    Future<Optional<SagaView>> find(SqlClient client, String orderId) {
        return client.preparedQuery(FIND)
                .execute(Tuple.of(orderId))
                .map((RowSet<Row> rows) -> rows.stream().findFirst().map(this::toView));
    }

    /** The newest first, without their histories, and one more than the limit if there is one. */
    Future<List<SagaView>> list(SqlClient client, SagaFilter filter) {
        After after = filter.after();
        Tuple parameters = Tuple.of(
                filter.olderThan().toMillis() / 1e3,
                after == null ? null : after.startedAt(),
                after == null ? null : after.orderId(),
                filter.limit() + 1);
        StateName state = filter.state();
        if (state != null) {
            parameters.addString(state.name());
        }
        return client.preparedQuery(state == null ? LIST : state.hasEnded() ? LIST_ENDED : LIST_ACTIVE)
                .execute(parameters)
                .map((RowSet<Row> rows) -> rows.stream().map(this::toView).toList());
    }

    private SagaView toView(Row row) {
        SagaState state = messages.toState(row.getString("state"), row.getString("data"));
        return new SagaView(
                row.getString("order_id"),
                StateName.of(state),
                List.of(row.getArrayOfStrings("waiting_for")),
                row.getOffsetDateTime("deadline"),
                SagaView.reason(state),
                SagaView.attempts(state),
                row.getOffsetDateTime("created_at"),
                row.getOffsetDateTime("updated_at"),
                null);
    }
}
