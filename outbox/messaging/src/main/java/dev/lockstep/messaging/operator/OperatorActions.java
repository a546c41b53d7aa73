package dev.lockstep.messaging.operator;

import dev.lockstep.messaging.listing.Listing;
import dev.lockstep.messaging.listing.ScanWindowStore;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Records operator actions: who, when, what and why. {@code GET /operator-actions} lists them. */
public final class OperatorActions {
    private static final String RECORD =
            "INSERT INTO operator_action (who, action, target, reason, details) VALUES ($1, $2, $3, $4, $5)";

    private OperatorActions() {}

    /** The JSON form of an operator action. */
    record OperatorActionView(
            UUID id,
            Instant at,
            String who,
            String action,
            String target,
            @Nullable String reason,
            JsonObject details) {}

    /**
     * Records an action in the caller's transaction, so that it is recorded if, and only if, it took effect.
     *
     * @param action a fixed name to filter by, such as {@code dead-letter.discard}
     * @param target the id of the object of the action
     * @param reason the operator's reason, if given
     * @param details further facts about the action; empty if there are none
     * @return completes when the row is written; fails with the error of the statement
     */
    public static Future<Void> record(
            SqlClient tx, Operator who, String action, String target, @Nullable String reason, JsonObject details) {
        return tx.preparedQuery(RECORD)
                .execute(Tuple.of(who.name(), action, target, reason, details))
                .mapEmpty();
    }

    /** Selects actions; a null member matches all. */
    public record Filter(
            @Nullable String who,
            @Nullable String action,
            @Nullable String target) {
        private String indexCondition() {
            return target != null
                    ? "target = $1"
                    : who != null ? "who = $1" : action != null ? "action = $1" : "$1::text IS NULL";
        }

        private @Nullable String indexValue() {
            return target != null ? target : who != null ? who : action;
        }

        // An index serves one filter. Further filters are applied to the rows that the index returns.
        private boolean isIndexed() {
            return Stream.of(Optional.ofNullable(who), Optional.ofNullable(action), Optional.ofNullable(target))
                            .filter(Optional::isPresent)
                            .count()
                    <= 1;
        }
    }

    static Future<ScanWindowStore.ScanResult<OperatorActionView>> list(
            SqlClient client, Filter filter, @Nullable UUID before, int limit) {
        Future<UUID> end = filter.isIndexed()
                ? Future.succeededFuture(ScanWindowStore.UNBOUNDED)
                : ScanWindowStore.end(
                        client,
                        ScanWindowStore.statement("operator_action", filter.indexCondition()),
                        filter.indexValue(),
                        before);
        return end.compose(last -> client.preparedQuery(listStatement(filter))
                .execute(Tuple.of(filter.indexValue(), filter.target(), filter.who(), filter.action())
                        .addValue(before == null ? Listing.AFTER_ALL : before)
                        .addValue(last)
                        .addValue(limit))
                .map(rows -> {
                    List<OperatorActionView> all = new ArrayList<>(rows.size());
                    rows.forEach(row -> all.add(toView(row)));
                    return ScanWindowStore.result(all, last);
                }));
    }

    // As in DeadLetterQueries: the leading column is compared directly, so that a generic plan uses its index.
    public static String listStatement(Filter filter) {
        return """
                SELECT id, at, who, action, target, reason, details
                  FROM operator_action
                 WHERE %s
                   AND CASE WHEN $2::text IS NULL THEN true ELSE target = $2 END
                   AND CASE WHEN $3::text IS NULL THEN true ELSE who = $3 END
                   AND CASE WHEN $4::text IS NULL THEN true ELSE action = $4 END
                   AND id < $5 AND id >= $6
                 ORDER BY id DESC
                 LIMIT $7
                """.formatted(filter.indexCondition());
    }

    private static OperatorActionView toView(Row row) {
        return new OperatorActionView(
                row.getUUID("id"),
                row.getOffsetDateTime("at").toInstant(),
                row.getString("who"),
                row.getString("action"),
                row.getString("target"),
                row.getString("reason"),
                row.getJsonObject("details"));
    }
}
