package dev.lockstep.messaging;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Keeps on record what people did by hand: who, when, what and why. {@code GET /operator-actions} shows it. */
public final class OperatorActions {
    private static final String RECORD =
            "INSERT INTO operator_action (who, action, target, reason, details) VALUES ($1, $2, $3, $4, $5)";

    private static final String LIST = """
            SELECT id, at, who, action, target, reason, details
              FROM operator_action
             WHERE ($1::text IS NULL OR who = $1)
               AND ($2::text IS NULL OR action = $2)
               AND ($3::text IS NULL OR target = $3)
               AND ($4::uuid IS NULL OR id < $4)
             ORDER BY id DESC
             LIMIT $5
            """;

    private OperatorActions() {}

    /** An action as it is shown. */
    record Recorded(
            UUID id,
            Instant at,
            String who,
            String action,
            String target,
            @Nullable String reason,
            JsonObject details) {}

    /**
     * Records an action on the caller's transaction, so that it is on record if, and only if, it took effect.
     *
     * @param action a fixed word to filter by, such as {@code dead-letter.discard}
     * @param target the id of what was acted upon
     * @param reason why, in the operator's words, if they gave any
     * @param details whatever else tells what was done; empty if there is nothing to add
     * @return completes when the row is written; it fails as the statement does
     */
    public static Future<Void> record(
            SqlClient tx, Operator who, String action, String target, @Nullable String reason, JsonObject details) {
        return tx.preparedQuery(RECORD)
                .execute(Tuple.of(who.name(), action, target, reason, details))
                .mapEmpty();
    }

    static Future<List<Recorded>> list(
            SqlClient client,
            @Nullable String who,
            @Nullable String action,
            @Nullable String target,
            @Nullable UUID before,
            int limit) {
        return client.preparedQuery(LIST)
                .execute(Tuple.of(who, action, target, before, limit))
                .map(rows -> {
                    List<Recorded> all = new ArrayList<>(rows.size());
                    rows.forEach(row -> all.add(recorded(row)));
                    return all;
                });
    }

    private static Recorded recorded(Row row) {
        return new Recorded(
                row.getUUID("id"),
                row.getOffsetDateTime("at").toInstant(),
                row.getString("who"),
                row.getString("action"),
                row.getString("target"),
                row.getString("reason"),
                row.getJsonObject("details"));
    }
}
