package dev.lockstep.messaging.outbox;

import com.fasterxml.jackson.annotation.JsonRawValue;
import dev.lockstep.messaging.http.PayloadVisibility;
import dev.lockstep.messaging.listing.Listing;
import dev.lockstep.messaging.listing.ScanWindowStore;
import dev.lockstep.messaging.record.Headers;
import dev.lockstep.messaging.record.Payloads;
import dev.lockstep.messaging.sql.ListQuery;
import dev.lockstep.messaging.sql.Rows;
import dev.lockstep.messaging.sql.SqlValues;
import dev.lockstep.messaging.sql.WhereClause;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Queries the outbox. Whether a row is relayed is decided at read time, by comparing its transaction with the watermark. */
public final class OutboxQueries {
    private static final int MAX_LISTED_PAYLOAD_BYTES = 4096;

    private static final String IS_HELD = "(SELECT true FROM outbox_held h WHERE h.id = outbox.id)";
    private static final String IS_PENDING = "(NOT pg_visible_in_snapshot(xid, w.snapshot) OR " + IS_HELD + ")";
    private static final String IS_RELAYED = "pg_visible_in_snapshot(xid, w.snapshot) AND " + IS_HELD + " IS NULL";

    private static final String COLUMNS = """
            SELECT id, aggregatetype, aggregateid, type, topic, traceparent, headers, sequence, previous_id, resend_of, created_at,
            """ + IS_RELAYED + " AS relayed, ";

    private static final String FROM = " FROM outbox, outbox_watermark w";

    private static final String FIND = COLUMNS + "payload" + FROM + " WHERE id = $1";

    private static final String LIST = COLUMNS + "CASE WHEN octet_length(payload) <= " + MAX_LISTED_PAYLOAD_BYTES
            + " THEN payload END AS payload" + FROM;

    // No transaction older than the snapshot's xmin is pending, so the index on xid finds the few candidates directly.
    // OFFSET 0 makes Postgres find them before it sorts them: for a page of the newest rows the planner would otherwise
    // scan backwards through all relayed rows. Rows that the relay holds back are pending too; they are found by id. $1
    // is the id at which the page starts.
    private static final String LIST_FEW_PENDING = """
            SELECT *
              FROM (SELECT *
                      FROM (%1$s
                             WHERE xid >= (SELECT pg_snapshot_xmin(snapshot)::text::xid8 FROM outbox_watermark)
                               AND NOT pg_visible_in_snapshot(xid, w.snapshot)
                            OFFSET 0) unseen
                    UNION ALL
                    SELECT held.*
                      FROM outbox_held h, LATERAL (%1$s
                             WHERE id = h.id AND pg_visible_in_snapshot(xid, w.snapshot)
                            OFFSET 0) held
                     WHERE h.id < $1) pending
            """.formatted(LIST);

    // Sorted in the order of the index on xid, which finds the oldest row directly. Counting stops at $1, because there
    // are millions of pending rows after Kafka was unavailable for hours. Rows were added to the counter of their topic
    // when they were held back; the few of them that the watermark has not passed yet are in the other count too and
    // are subtracted here.
    public static final String SUMMARY = """
            SELECT greatest(0, w.relayed - held.rows) AS relayed, w.acknowledged_at,
                   least($1, counted.pending + held.rows) AS pending,
                   coalesce(extract(epoch FROM now() - least(oldest.created_at, held.oldest)), 0)::float8 AS oldest_pending_seconds,
                   extract(epoch FROM now() - w.acknowledged_at)::float8 AS acknowledged_seconds_ago,
                   held.topics
              FROM outbox_watermark w
             CROSS JOIN LATERAL (SELECT count(*) AS pending
                                   FROM (SELECT xid
                                           FROM outbox
                                          WHERE xid >= (SELECT pg_snapshot_xmin(snapshot)::text::xid8 FROM outbox_watermark)
                                            AND NOT pg_visible_in_snapshot(xid, w.snapshot)
                                          ORDER BY xid
                                          LIMIT $1) pending) counted
              LEFT JOIN LATERAL (SELECT created_at
                                   FROM outbox
                                  WHERE xid >= (SELECT pg_snapshot_xmin(snapshot)::text::xid8 FROM outbox_watermark)
                                    AND NOT pg_visible_in_snapshot(xid, w.snapshot)
                                  ORDER BY xid
                                  LIMIT 1) oldest ON true
             CROSS JOIN LATERAL (SELECT greatest(0, coalesce(sum(t.rows), 0)::bigint
                                                    - (SELECT count(*)
                                                         FROM outbox_held
                                                        WHERE xid >= (SELECT pg_snapshot_xmin(snapshot)::text::xid8 FROM outbox_watermark)
                                                          AND NOT pg_visible_in_snapshot(xid, w.snapshot))) AS rows,
                                        (SELECT o.created_at
                                           FROM (SELECT id FROM outbox_held ORDER BY id LIMIT 1) h,
                                                LATERAL (SELECT created_at FROM outbox WHERE id = h.id OFFSET 0) o) AS oldest,
                                        coalesce(jsonb_agg(jsonb_build_object(
                                            'topic', t.topic, 'rows', t.rows, 'row', t.row_id, 'reason', t.reason,
                                            'since', to_char(t.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
                                            ORDER BY t.topic) FILTER (WHERE t.topic IS NOT NULL), '[]') AS topics
                                   FROM outbox_held_topic t) held
            """;

    private OutboxQueries() {}

    /** Selects rows by state. */
    public enum State {
        ANY,
        PENDING,
        RELAYED
    }

    /**
     * The JSON form of an outbox row.
     *
     * @param payload the record's value: as JSON if it is JSON, else as a string; omitted from lists if it is larger than 4 KiB
     * @param payloads {@code masked} or {@code none} if the payload is not shown as it is
     */
    public record OutboxRow(
            UUID id,
            String aggregateType,
            @Nullable String aggregateId,
            String type,
            String topic,
            @JsonRawValue @Nullable String payload,
            @Nullable Map<String, String> headers,
            @Nullable String traceparent,
            @Nullable Long sequence,
            @Nullable UUID previousId,
            @Nullable UUID resendOf,
            String state,
            Instant createdAt,
            @Nullable String payloads) {
        OutboxRow with(PayloadVisibility visibility) {
            String shown = payload;
            if (shown != null) {
                shown = switch (visibility) {
                    case FULL -> shown;
                    case MASKED -> Payloads.masked(shown);
                    case NONE -> null;
                };
            }
            return new OutboxRow(
                    id,
                    aggregateType,
                    aggregateId,
                    type,
                    topic,
                    shown,
                    headers,
                    traceparent,
                    sequence,
                    previousId,
                    resendOf,
                    state,
                    createdAt,
                    visibility.label());
        }
    }

    /**
     * Totals of the outbox.
     *
     * @param pending the number of pending rows, counted up to 100,000
     * @param oldestPendingSeconds the age of the oldest pending row; rows are ordered by transaction
     * @param relayed the number of rows acknowledged by Kafka since the outbox was created, including rows of dropped partitions
     * @param held the topics for which Kafka refuses rows
     */
    public record Summary(
            long pending,
            double oldestPendingSeconds,
            long relayed,
            Instant acknowledgedAt,
            double acknowledgedSecondsAgo,
            List<HeldTopic> held) {}

    /**
     * A topic for which Kafka refuses rows. The relay holds the rows back until Kafka accepts them; until then they are pending.
     *
     * @param rows the number of rows that are held back
     * @param row the id of a refused row
     * @param reason the error that Kafka returned
     */
    public record HeldTopic(String topic, long rows, String row, String reason, String since) {
        private static HeldTopic of(Object json) {
            JsonObject topic = (JsonObject) json;
            return new HeldTopic(
                    topic.getString("topic"),
                    topic.getLong("rows"),
                    topic.getString("row"),
                    topic.getString("reason"),
                    topic.getString("since"));
        }

        public String describe() {
            return "Kafka refuses outbox row %s for topic %s: %s; rows of the topic that are held back: %d"
                    .formatted(row, topic, reason, rows);
        }
    }

    static Future<Optional<OutboxRow>> find(SqlClient client, UUID id) {
        return client.preparedQuery(FIND)
                .mapping(OutboxQueries::toView)
                .execute(Tuple.of(id))
                .map(Rows::first);
    }

    /**
     * Lists rows, newest first. A filter without an index (the type and, if many rows are pending, the state) examines a bounded number of
     * rows.
     */
    public static Future<ScanWindowStore.ScanResult<OutboxRow>> list(
            SqlClient client,
            State state,
            @Nullable String aggregateId,
            @Nullable String type,
            UUID before,
            int limit) {
        if (state != State.PENDING || aggregateId != null) {
            return list(client, listQuery(state, aggregateId, type), before, limit);
        }
        return summary(client, ScanWindowStore.MAX_EXAMINED_ROWS)
                .compose(summary -> summary.pending() < ScanWindowStore.MAX_EXAMINED_ROWS
                        ? ScanWindowStore.rows(client, fewPending(type, before, limit), OutboxQueries::toView)
                                .map(ScanWindowStore.ScanResult::complete)
                        : list(client, listQuery(state, null, type), before, limit));
    }

    private static Future<ScanWindowStore.ScanResult<OutboxRow>> list(
            SqlClient client, ListQuery query, UUID before, int limit) {
        return ScanWindowStore.list(client, query, before, limit, OutboxQueries::toView);
    }

    /** The query of {@link #list}, unless few rows are pending and only those are listed. */
    public static ListQuery listQuery(State state, @Nullable String aggregateId, @Nullable String type) {
        ListQuery query = new ListQuery(LIST, "outbox")
                .searchBy("aggregateid = ?", aggregateId)
                .filter("type = ?", type);
        return switch (state) {
            case ANY -> query;
            case PENDING -> query.filter(IS_PENDING);
            case RELAYED -> query.filter(IS_RELAYED);
        };
    }

    /** The statement that lists pending rows while they are few. */
    public static ListQuery.Statement fewPending(@Nullable String type, UUID before, int limit) {
        WhereClause where = new WhereClause().and("id < ?", before).and("type = ?", type);
        String sql = LIST_FEW_PENDING + where.sql() + " ORDER BY id DESC LIMIT " + where.parameter(limit);
        return new ListQuery.Statement(sql, where.values());
    }

    public static Future<Summary> summary(SqlClient client) {
        return summary(client, Listing.MAX_COUNTED);
    }

    public static Future<Summary> summary(SqlClient client, long most) {
        return client.preparedQuery(SUMMARY)
                .mapping(OutboxQueries::toSummary)
                .execute(Tuple.of(most))
                .map(Rows::only);
    }

    private static Summary toSummary(Row row) {
        return new Summary(
                row.getLong("pending"),
                row.getDouble("oldest_pending_seconds"),
                row.getLong("relayed"),
                SqlValues.instant(row, "acknowledged_at"),
                row.getDouble("acknowledged_seconds_ago"),
                row.getJsonArray("topics").stream().map(HeldTopic::of).toList());
    }

    private static OutboxRow toView(Row row) {
        Buffer payload = row.getBuffer("payload");
        JsonArray headers = row.getJsonArray("headers");
        return new OutboxRow(
                row.getUUID("id"),
                row.getString("aggregatetype"),
                row.getString("aggregateid"),
                row.getString("type"),
                row.getString("topic"),
                payload == null ? null : Payloads.asJson(payload.getBytes()),
                headers == null ? null : Headers.toDisplayMap(headers),
                row.getString("traceparent"),
                row.getLong("sequence"),
                row.getUUID("previous_id"),
                row.getUUID("resend_of"),
                row.getBoolean("relayed") ? "relayed" : "pending",
                SqlValues.instant(row, "created_at"),
                null);
    }
}
