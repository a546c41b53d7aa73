package dev.lockstep.messaging.deadletter;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import dev.lockstep.messaging.http.PayloadVisibility;
import dev.lockstep.messaging.listing.Listing;
import dev.lockstep.messaging.listing.ScanWindowStore;
import dev.lockstep.messaging.record.ErrorTexts;
import dev.lockstep.messaging.record.Headers;
import dev.lockstep.messaging.record.Payloads;
import dev.lockstep.messaging.sql.ListQuery;
import dev.lockstep.messaging.sql.Rows;
import dev.lockstep.messaging.sql.SqlValues;
import dev.lockstep.messaging.sql.WhereClause;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Lists, counts and discards dead letters. {@link ReplayStore} replays them. */
public final class DeadLetterQueries {
    private static final int MAX_LISTED_VALUE_BYTES = 4096;

    private static final String COLUMNS = """
            SELECT id, consumer, topic, partition, "offset", record_key, key_text, record_headers, type, reason, error, error_class,
                   fingerprint, attempts, first_at, last_at, state, settled_at, discard_reason, message_id, replay, returned_from,
                   redelivery_of,
            """;

    private static final String FIND = COLUMNS + "stack, record_value FROM dead_letter WHERE id = $1";

    private static final String LIST = COLUMNS + "NULL AS stack, CASE WHEN octet_length(record_value) <= "
            + MAX_LISTED_VALUE_BYTES + " THEN record_value END AS record_value FROM dead_letter";

    // Skips from one fingerprint to the next by the index, instead of reading all dead letters.
    public static final String GROUPS = """
            WITH RECURSIVE present (state, fingerprint) AS (
                (SELECT d.state, d.fingerprint
                   FROM unnest($1::text[]) AS asked (state)
                  CROSS JOIN LATERAL (SELECT state, fingerprint FROM dead_letter
                                       WHERE state = asked.state ORDER BY fingerprint LIMIT 1) d)
                UNION ALL
                SELECT n.state, n.fingerprint
                  FROM present p
                 CROSS JOIN LATERAL (SELECT state, fingerprint FROM dead_letter
                                      WHERE state = p.state AND fingerprint > p.fingerprint ORDER BY fingerprint LIMIT 1) n
            ), page AS (
                SELECT p.fingerprint, (array_agg(newest.id ORDER BY newest.id DESC))[1] AS newest
                  FROM present p
                 CROSS JOIN LATERAL (SELECT id FROM dead_letter
                                      WHERE state = p.state AND fingerprint = p.fingerprint ORDER BY id DESC LIMIT 1) newest
                 GROUP BY p.fingerprint
                HAVING (array_agg(newest.id ORDER BY newest.id DESC))[1] < $2
                 ORDER BY newest DESC
                 LIMIT $3
            )
            SELECT p.newest, p.fingerprint, d.consumer, d.topic, d.type, d.reason, d.error_class, d.error, d.last_at,
                   (SELECT count(*) FROM (SELECT FROM dead_letter c
                                           WHERE c.state = ANY ($1) AND c.fingerprint = p.fingerprint LIMIT $4) counted) AS dead_letters,
                   (SELECT min(oldest.first_at)
                      FROM unnest($1::text[]) AS asked (state)
                     CROSS JOIN LATERAL (SELECT first_at FROM dead_letter o
                                          WHERE o.state = asked.state AND o.fingerprint = p.fingerprint
                                          ORDER BY o.id LIMIT 1) oldest) AS first_at
              FROM page p JOIN dead_letter d ON d.id = p.newest
             ORDER BY p.newest DESC
            """;

    private static final String DISCARD = """
            UPDATE dead_letter SET state = 'discarded', settled_at = now(), discard_reason = $2
             WHERE id = $1 AND state = 'open'
            """;

    private DeadLetterQueries() {}

    /** Selects dead letters by state. */
    public enum State {
        OPEN,
        REPLAYED,
        DISCARDED,
        ANY;

        /** The name of the state in requests and, except for {@link #ANY}, in the database. */
        String value() {
            return name().toLowerCase(Locale.ROOT);
        }

        private String[] inDatabase() {
            return this == ANY
                    ? new String[] {OPEN.value(), REPLAYED.value(), DISCARDED.value()}
                    : new String[] {value()};
        }
    }

    /** Selects dead letters; a null member matches all. */
    public record Filter(
            @Nullable String topic,
            @Nullable String type,
            @Nullable String reason,
            @Nullable String key,
            @Nullable String errorClass,
            @Nullable String fingerprint) {
        Tuple tuple() {
            return Tuple.tuple()
                    .addValue(topic)
                    .addValue(type)
                    .addValue(reason)
                    .addValue(key)
                    .addValue(errorClass)
                    .addValue(fingerprint);
        }

        /** The members that are set. */
        JsonObject toJson() {
            JsonObject json = new JsonObject()
                    .put("topic", topic)
                    .put("type", type)
                    .put("reason", reason)
                    .put("key", key)
                    .put("errorClass", errorClass)
                    .put("fingerprint", fingerprint);
            json.getMap().values().removeIf(Objects::isNull);
            return json;
        }

        boolean isEmpty() {
            return toJson().isEmpty();
        }

        /** The conditions on {@code dead_letter}. */
        WhereClause addTo(WhereClause where) {
            return where.and("key_text = ?", key)
                    .and("fingerprint = ?", fingerprint)
                    .and("error_class = ?", errorClass)
                    .and("type = ?", type)
                    .and("reason = ?", reason)
                    .and("topic = ?", topic);
        }
    }

    /**
     * The JSON form of a dead letter.
     *
     * @param keyEncoding {@code base64} if the key is not text
     * @param stack omitted from lists
     * @param value the record's value as text; omitted from lists if it is large
     * @param valueEncoding {@code base64} if the value is not text
     * @param replay the job that replayed it
     * @param returnedFrom the job that replayed this message before it failed again and became this dead letter
     * @param redeliveryOf the earlier dead letter of the same message, which was redelivered to the group before the message failed again
     * @param payloads {@code masked} or {@code none} if the value and the messages of errors are not shown as they are
     */
    public record DeadLetterView(
            UUID id,
            String consumerGroup,
            String topic,
            int partition,
            long offset,
            @Nullable String key,
            @Nullable String keyEncoding,
            @Nullable String type,
            String reason,
            String error,
            @Nullable String errorClass,
            @Nullable String stack,
            String fingerprint,
            int attempts,
            Instant firstAt,
            Instant lastAt,
            String state,
            @Nullable Instant settledAt,
            @Nullable String discardReason,
            @Nullable UUID messageId,
            @Nullable UUID replay,
            @Nullable UUID returnedFrom,
            @Nullable UUID redeliveryOf,
            Map<String, String> headers,
            @Nullable String value,
            @Nullable String valueEncoding,
            @Nullable String payloads) {
        DeadLetterView with(PayloadVisibility visibility) {
            if (visibility == PayloadVisibility.FULL) {
                return this;
            }
            return new DeadLetterView(
                    id,
                    consumerGroup,
                    topic,
                    partition,
                    offset,
                    key,
                    keyEncoding,
                    type,
                    reason,
                    ErrorTexts.masked(error),
                    errorClass,
                    stack == null ? null : ErrorTexts.maskedStack(stack),
                    fingerprint,
                    attempts,
                    firstAt,
                    lastAt,
                    state,
                    settledAt,
                    discardReason,
                    messageId,
                    replay,
                    returnedFrom,
                    redeliveryOf,
                    headers,
                    value == null || visibility == PayloadVisibility.NONE ? null : Payloads.masked(value),
                    null,
                    visibility.label());
        }
    }

    /**
     * Dead letters that failed in the same way.
     *
     * @param sample the error of the newest one
     * @param count the number of dead letters, counted up to 100,000
     * @param more whether there are more than that
     * @param newest the id of the newest one
     */
    record DeadLetterGroup(
            String fingerprint,
            String consumerGroup,
            String topic,
            @Nullable String type,
            String reason,
            @Nullable String errorClass,
            String sample,
            long count,
            boolean more,
            Instant firstAt,
            Instant lastAt,
            UUID newest) {
        DeadLetterGroup with(PayloadVisibility visibility) {
            return visibility == PayloadVisibility.FULL
                    ? this
                    : new DeadLetterGroup(
                            fingerprint,
                            consumerGroup,
                            topic,
                            type,
                            reason,
                            errorClass,
                            ErrorTexts.masked(sample),
                            count,
                            more,
                            firstAt,
                            lastAt,
                            newest);
        }
    }

    static Future<Optional<DeadLetterView>> find(SqlClient client, UUID id) {
        return client.preparedQuery(FIND)
                .mapping(DeadLetterQueries::toView)
                .execute(Tuple.of(id))
                .map(Rows::first);
    }

    /** Lists dead letters, newest first. A filter without an index examines a bounded number of rows. */
    public static Future<ScanWindowStore.ScanResult<DeadLetterView>> list(
            SqlClient client, State state, Filter filter, UUID before, int limit) {
        return ScanWindowStore.list(client, listQuery(state, filter), before, limit, DeadLetterQueries::toView);
    }

    /**
     * The query of {@link #list}. Open dead letters are few compared with settled ones, so a list of open ones uses their index, unless a
     * key is given: one key has even fewer.
     */
    public static ListQuery listQuery(State state, Filter filter) {
        ListQuery query = new ListQuery(LIST, "dead_letter").searchBy("key_text = ?", filter.key());
        if (state == State.OPEN) {
            query.searchBy("state = 'open'");
        }
        return query.searchBy("fingerprint = ?", filter.fingerprint())
                .searchBy("error_class = ?", filter.errorClass())
                .searchBy("type = ?", filter.type())
                .searchBy("reason = ?", filter.reason())
                .searchBy("topic = ?", filter.topic())
                .filter("state = ?", state == State.OPEN || state == State.ANY ? null : state.value());
    }

    static Future<List<DeadLetterGroup>> groups(SqlClient client, State state, UUID before, int limit) {
        return client.preparedQuery(GROUPS)
                .collecting(mapping(DeadLetterQueries::toGroup, toList()))
                .execute(Tuple.of(state.inDatabase(), before, limit, Listing.MAX_COUNTED + 1))
                .map(SqlResult::value);
    }

    /** Completes with true if the dead letter was open and is now discarded. */
    static Future<Boolean> discard(SqlClient client, UUID id, String reason) {
        return client.preparedQuery(DISCARD).execute(Tuple.of(id, reason)).map(rows -> rows.rowCount() == 1);
    }

    private static DeadLetterGroup toGroup(Row row) {
        long count = row.getLong("dead_letters");
        return new DeadLetterGroup(
                row.getString("fingerprint"),
                row.getString("consumer"),
                row.getString("topic"),
                row.getString("type"),
                row.getString("reason"),
                row.getString("error_class"),
                row.getString("error"),
                Math.min(count, Listing.MAX_COUNTED),
                count > Listing.MAX_COUNTED,
                SqlValues.instant(row, "first_at"),
                SqlValues.instant(row, "last_at"),
                row.getUUID("newest"));
    }

    private static DeadLetterView toView(Row row) {
        Buffer key = row.getBuffer("record_key");
        Buffer value = row.getBuffer("record_value");
        return new DeadLetterView(
                row.getUUID("id"),
                row.getString("consumer"),
                row.getString("topic"),
                row.getInteger("partition"),
                row.getLong("offset"),
                key == null ? null : Payloads.asText(key.getBytes()),
                key == null || Headers.utf8(key.getBytes()) != null ? null : "base64",
                row.getString("type"),
                row.getString("reason"),
                row.getString("error"),
                row.getString("error_class"),
                row.getString("stack"),
                row.getString("fingerprint"),
                row.getInteger("attempts"),
                SqlValues.instant(row, "first_at"),
                SqlValues.instant(row, "last_at"),
                row.getString("state"),
                SqlValues.instantOrNull(row, "settled_at"),
                row.getString("discard_reason"),
                row.getUUID("message_id"),
                row.getUUID("replay"),
                row.getUUID("returned_from"),
                row.getUUID("redelivery_of"),
                Headers.toDisplayMap(row.getJsonArray("record_headers")),
                value == null ? null : Payloads.asText(value.getBytes()),
                value == null || Headers.utf8(value.getBytes()) != null ? null : "base64",
                null);
    }
}
