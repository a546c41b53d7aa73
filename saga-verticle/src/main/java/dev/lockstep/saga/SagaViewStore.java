package dev.lockstep.saga;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import dev.lockstep.saga.SagaFilter.After;
import dev.lockstep.saga.SagaView.Abandonment;
import dev.lockstep.saga.SagaView.Progress;
import dev.lockstep.saga.SagaView.Times;
import dev.lockstep.saga.SagaView.Wait;
import dev.lockstep.saga.domain.SagaState;
import dev.lockstep.saga.domain.SagaState.Abandoned;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads sagas for HTTP responses, without locking. */
final class SagaViewStore {
    private static final String COLUMNS_FROM = """
            SELECT order_id, state, data::text AS data, waiting_for, waiting_since, deadline, failure, created_at, updated_at
              FROM saga
            """;

    private static final String FIND = COLUMNS_FROM + "WHERE order_id = $1";

    private static final String LIST = COLUMNS_FROM + """
             WHERE created_at <= now() - make_interval(secs => $1)
               AND (created_at, order_id) < (COALESCE($2, 'infinity'::timestamptz), COALESCE($3, ''))
             ORDER BY created_at DESC, order_id DESC
             LIMIT $4
            """;

    // The constant condition on the states proves to the planner that the partial index applies, regardless of the
    // value of $5.
    private static final String LIST_ACTIVE = COLUMNS_FROM + """
             WHERE created_at <= now() - make_interval(secs => $1)
               AND (created_at, order_id) < (COALESCE($2, 'infinity'::timestamptz), COALESCE($3, ''))
               AND state = $5
               AND state NOT IN ('CONFIRMED', 'CANCELLED', 'ABANDONED')
             ORDER BY created_at DESC, order_id DESC
             LIMIT $4
            """;

    private static final String LIST_ENDED = COLUMNS_FROM + """
             WHERE created_at <= now() - make_interval(secs => $1)
               AND (created_at, order_id) < (COALESCE($2, 'infinity'::timestamptz), COALESCE($3, ''))
               AND state = $5
               AND state IN ('CONFIRMED', 'CANCELLED', 'ABANDONED')
             ORDER BY created_at DESC, order_id DESC
             LIMIT $4
            """;

    // Reads all active sagas, or all active sagas in one state. There are few of them.
    private static final String LIST_WAITING = COLUMNS_FROM + """
             WHERE created_at <= now() - make_interval(secs => $1)
               AND (created_at, order_id) < (COALESCE($2, 'infinity'::timestamptz), COALESCE($3, ''))
               AND ($5::text IS NULL OR state = $5)
               AND state NOT IN ('CONFIRMED', 'CANCELLED', 'ABANDONED')
               AND waiting_since <= now() - make_interval(secs => $6)
             ORDER BY created_at DESC, order_id DESC
             LIMIT $4
            """;

    private final SagaMessages messages;

    SagaViewStore(SagaMessages messages) {
        this.messages = messages;
    }

    /** The saga without its history. Empty if it does not exist. */
    Future<Optional<SagaView>> find(SqlClient client, String orderId) {
        return client.preparedQuery(FIND)
                .mapping(this::toView)
                .execute(Tuple.of(orderId))
                .map((RowSet<SagaView> sagas) -> sagas.stream().findFirst());
    }

    /**
     * The sagas that match the filter, newest first, without their histories. Returns up to one more than the limit, which shows that there
     * is a further page.
     */
    Future<List<SagaView>> list(SqlClient client, SagaFilter filter) {
        After after = filter.after();
        Tuple parameters = Tuple.of(
                seconds(filter.olderThan()),
                after == null ? null : after.startedAt(),
                after == null ? null : after.orderId(),
                filter.limit() + 1);
        return client.preparedQuery(query(filter, parameters))
                .collecting(mapping(this::toView, toList()))
                .execute(parameters)
                .map(SqlResult::value);
    }

    private static String query(SagaFilter filter, Tuple parameters) {
        StateName state = filter.state();
        Duration waiting = filter.waitingLongerThan();
        if (waiting != null) {
            parameters.addString(state == null ? null : state.name()).addDouble(seconds(waiting));
            return LIST_WAITING;
        }
        if (state == null) {
            return LIST;
        }
        parameters.addString(state.name());
        return state.hasEnded() ? LIST_ENDED : LIST_ACTIVE;
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1e3;
    }

    // An unreadable row is returned as far as possible. Failing the whole list would hide all other sagas.
    private SagaView toView(Row row) {
        try {
            SagaState state = messages.toState(row.getString("state"), row.getString("data"));
            return toView(row, state, row.getString("failure"));
        } catch (UnreadableSagaException e) {
            return toView(row, null, e.getMessage());
        }
    }

    private SagaView toView(Row row, @Nullable SagaState state, @Nullable String failure) {
        List<String> waitingFor = List.of(row.getArrayOfStrings("waiting_for"));
        return new SagaView(
                row.getString("order_id"),
                row.getString("state"),
                new Wait(
                        waitingFor,
                        waitingFor.isEmpty() ? null : row.getOffsetDateTime("waiting_since"),
                        row.getOffsetDateTime("deadline")),
                progress(state, failure),
                new Times(row.getOffsetDateTime("created_at"), row.getOffsetDateTime("updated_at")),
                null,
                null);
    }

    private Progress progress(@Nullable SagaState state, @Nullable String failure) {
        return new Progress(
                state == null ? null : SagaView.reason(state),
                state == null ? null : SagaView.attempts(state),
                state instanceof Abandoned abandoned
                        ? new Abandonment(messages.leftUndone(abandoned), abandoned.why())
                        : null,
                failure);
    }
}
