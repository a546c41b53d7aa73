package dev.lockstep.messaging.operator;

import dev.lockstep.messaging.listing.ScanWindowStore;
import dev.lockstep.messaging.sql.ListQuery;
import dev.lockstep.messaging.sql.SqlValues;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Records operator actions: who, when, what and why. {@code GET /operator-actions} lists them. */
public final class OperatorActions {
    private static final String RECORD =
            "INSERT INTO operator_action (who, action, target, reason, details) VALUES ($1, $2, $3, $4, $5)";

    private static final String LIST = "SELECT id, at, who, action, target, reason, details FROM operator_action";

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
            @Nullable String target) {}

    static Future<ScanWindowStore.ScanResult<OperatorActionView>> list(
            SqlClient client, Filter filter, UUID before, int limit) {
        return ScanWindowStore.list(client, listQuery(filter), before, limit, OperatorActions::toView);
    }

    /** The query of {@link #list}. */
    public static ListQuery listQuery(Filter filter) {
        return new ListQuery(LIST, "operator_action")
                .searchBy("target = ?", filter.target())
                .searchBy("who = ?", filter.who())
                .searchBy("action = ?", filter.action());
    }

    private static OperatorActionView toView(Row row) {
        return new OperatorActionView(
                row.getUUID("id"),
                SqlValues.instant(row, "at"),
                row.getString("who"),
                row.getString("action"),
                row.getString("target"),
                row.getString("reason"),
                row.getJsonObject("details"));
    }
}
