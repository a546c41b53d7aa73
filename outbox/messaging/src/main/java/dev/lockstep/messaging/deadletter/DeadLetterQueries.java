package dev.lockstep.messaging.deadletter;

import dev.lockstep.messaging.listing.ScanWindowStore;
import dev.lockstep.messaging.record.Headers;
import dev.lockstep.messaging.record.Payloads;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Lists, counts and discards dead letters. {@link ReplayStore} replays them. */
public final class DeadLetterQueries {
    static final Set<String> STATES = Set.of("open", "replayed", "discarded");

    private static final int MAX_LISTED_VALUE_BYTES = 4096;
    static final long MAX_COUNTED = 100_000;

    private static final String COLUMNS = """
            SELECT id, consumer, topic, partition, "offset", record_key, key_text, record_headers, type, reason, error, error_class,
                   fingerprint, attempts, first_at, last_at, state, settled_at, discard_reason, message_id, replay, returned_from,
                   redelivery_of,
            """;

    private static final String FIND = COLUMNS + "stack, record_value FROM dead_letter WHERE id = $1";

    // A service prepares a statement once, so Postgres plans it before its parameters are known, and the plan must
    // still use the index. Therefore the leading column is compared directly, and state = 'open' is a literal. For an
    // OR the planner estimates that hardly any row passes, and sorts all rows. For a CASE it estimates that half of the
    // rows pass, and reads in index order until it has enough.
    private static final String LIST = COLUMNS + """
                   NULL AS stack, CASE WHEN octet_length(record_value) <= $10 THEN record_value END AS record_value
              FROM dead_letter
             WHERE state = ANY ($1) %s
               AND CASE WHEN $2::text IS NULL THEN true ELSE topic = $2 END
               AND CASE WHEN $3::text IS NULL THEN true ELSE type = $3 END
               AND CASE WHEN $4::text IS NULL THEN true ELSE reason = $4 END
               AND CASE WHEN $5::text IS NULL THEN true ELSE key_text = $5 END
               AND CASE WHEN $6::text IS NULL THEN true ELSE error_class = $6 END
               AND CASE WHEN $7::text IS NULL THEN true ELSE fingerprint = $7 END
               AND CASE WHEN $8::uuid IS NULL THEN true ELSE id < $8 END
               AND id >= $11
             ORDER BY id DESC
             LIMIT $9
            """;

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
                HAVING $2::uuid IS NULL OR (array_agg(newest.id ORDER BY newest.id DESC))[1] < $2
                 ORDER BY newest DESC
                 LIMIT $3
            )
            SELECT p.newest, p.fingerprint, d.consumer, d.topic, d.type, d.reason, d.error_class, d.error, d.last_at,
                   (SELECT count(*) FROM (SELECT FROM dead_letter c
                                           WHERE c.state = ANY ($1) AND c.fingerprint = p.fingerprint LIMIT $4) counted) AS letters,
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

        /** The most selective column of the filter that has an index. */
        IndexedColumn indexedColumn() {
            return key != null
                    ? IndexedColumn.KEY
                    : fingerprint != null
                            ? IndexedColumn.FINGERPRINT
                            : errorClass != null
                                    ? IndexedColumn.ERROR_CLASS
                                    : type != null
                                            ? IndexedColumn.TYPE
                                            : reason != null
                                                    ? IndexedColumn.REASON
                                                    : topic != null ? IndexedColumn.TOPIC : IndexedColumn.NONE;
        }
    }

    /** The column that leads a search; each has its own statements, because each has its own index. */
    enum IndexedColumn {
        KEY("key_text", 5),
        FINGERPRINT("fingerprint", 7),
        ERROR_CLASS("error_class", 6),
        TYPE("type", 3),
        REASON("reason", 4),
        TOPIC("topic", 2),
        NONE("", 0);

        private final String column;
        private final int parameter;
        private final String listOpen;
        private final String listAny;
        private final String endOfAny;

        private static final String END_OF_OPEN =
                ScanWindowStore.statement("dead_letter", "state = 'open' AND $1::text IS NULL");

        IndexedColumn(String column, int parameter) {
            this.column = column;
            this.parameter = parameter;
            listOpen = LIST.formatted("AND state = 'open'");
            listAny = LIST.formatted(condition("", 0));
            endOfAny =
                    ScanWindowStore.statement("dead_letter", column.isEmpty() ? "$1::text IS NULL" : column + " = $1");
        }

        @Nullable
        String valueIn(Filter filter) {
            return switch (this) {
                case KEY -> filter.key();
                case FINGERPRINT -> filter.fingerprint();
                case ERROR_CLASS -> filter.errorClass();
                case TYPE -> filter.type();
                case REASON -> filter.reason();
                case TOPIC -> filter.topic();
                case NONE -> null;
            };
        }

        /**
         * The condition on this column alone.
         *
         * @param table the prefix of the column, such as {@code d.}
         * @param shift how many fewer parameters precede the filter's than in the list statement
         */
        String condition(String table, int shift) {
            return column.isEmpty() ? "" : "AND %s%s = $%d".formatted(table, column, parameter - shift);
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
            @Nullable String valueEncoding) {}

    /**
     * Dead letters that failed in the same way.
     *
     * @param sample the error of the newest one
     * @param count the number of dead letters, counted up to 100,000
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
            UUID newest) {}

    static Future<Optional<DeadLetterView>> find(SqlClient client, UUID id) {
        return client.preparedQuery(FIND)
                .execute(Tuple.of(id))
                .map(rows -> rows.size() == 0
                        ? Optional.empty()
                        : Optional.of(toView(rows.iterator().next())));
    }

    /**
     * Lists dead letters, newest first. A filter without an index examines a bounded number of rows.
     *
     * @param states one or more of {@code open}, {@code replayed} and {@code discarded}
     */
    public static Future<ScanWindowStore.ScanResult<DeadLetterView>> list(
            SqlClient client, Set<String> states, Filter filter, @Nullable UUID before, int limit) {
        boolean openOnly = isOpenOnly(states, filter);
        int indexed = openOnly || filter.indexedColumn() == IndexedColumn.NONE ? 0 : 1;
        boolean whole = filter.toJson().size() == indexed && (openOnly || states.equals(STATES));
        Future<UUID> end = whole
                ? Future.succeededFuture(ScanWindowStore.UNBOUNDED)
                : ScanWindowStore.end(
                        client,
                        end(states, filter),
                        openOnly ? null : filter.indexedColumn().valueIn(filter),
                        before);
        return end.compose(last -> list(client, states, filter, before, limit, last));
    }

    private static Future<ScanWindowStore.ScanResult<DeadLetterView>> list(
            SqlClient client, Set<String> states, Filter filter, @Nullable UUID before, int limit, UUID end) {
        Tuple parameters = Tuple.tuple().addValue(states.toArray(String[]::new));
        Tuple filtered = filter.tuple();
        for (int i = 0; i < filtered.size(); i++) {
            parameters.addValue(filtered.getValue(i));
        }
        return client.preparedQuery(listStatement(states, filter))
                .execute(parameters
                        .addValue(before)
                        .addValue(limit)
                        .addValue(MAX_LISTED_VALUE_BYTES)
                        .addValue(end))
                .map(rows -> {
                    List<DeadLetterView> all = new ArrayList<>(rows.size());
                    rows.forEach(row -> all.add(toView(row)));
                    return ScanWindowStore.result(all, end);
                });
    }

    /**
     * The statement of {@link #list}. Open dead letters are few compared with settled ones, so a list of open ones uses their index. A
     * filter by key uses the index on keys in any case, because one key has few dead letters.
     */
    public static String listStatement(Set<String> states, Filter filter) {
        IndexedColumn lead = filter.indexedColumn();
        return isOpenOnly(states, filter) ? lead.listOpen : lead.listAny;
    }

    /** The statement that finds the end of the window of {@link #listStatement}, by the same index. */
    public static String end(Set<String> states, Filter filter) {
        return isOpenOnly(states, filter) ? IndexedColumn.END_OF_OPEN : filter.indexedColumn().endOfAny;
    }

    private static boolean isOpenOnly(Set<String> states, Filter filter) {
        return states.equals(Set.of("open")) && filter.indexedColumn() != IndexedColumn.KEY;
    }

    static Future<List<DeadLetterGroup>> groups(
            SqlClient client, Set<String> states, @Nullable UUID before, int limit) {
        return client.preparedQuery(GROUPS)
                .execute(Tuple.of(states.toArray(String[]::new), before, limit, MAX_COUNTED + 1))
                .map(rows -> {
                    List<DeadLetterGroup> all = new ArrayList<>(rows.size());
                    rows.forEach(row -> all.add(toGroup(row)));
                    return all;
                });
    }

    /** Completes with true if the dead letter was open and is now discarded. */
    static Future<Boolean> discard(SqlClient client, UUID id, String reason) {
        return client.preparedQuery(DISCARD).execute(Tuple.of(id, reason)).map(rows -> rows.rowCount() == 1);
    }

    private static DeadLetterGroup toGroup(Row row) {
        long count = row.getLong("letters");
        return new DeadLetterGroup(
                row.getString("fingerprint"),
                row.getString("consumer"),
                row.getString("topic"),
                row.getString("type"),
                row.getString("reason"),
                row.getString("error_class"),
                row.getString("error"),
                Math.min(count, MAX_COUNTED),
                count > MAX_COUNTED,
                row.getOffsetDateTime("first_at").toInstant(),
                row.getOffsetDateTime("last_at").toInstant(),
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
                row.getOffsetDateTime("first_at").toInstant(),
                row.getOffsetDateTime("last_at").toInstant(),
                row.getString("state"),
                row.getOffsetDateTime("settled_at") == null
                        ? null
                        : row.getOffsetDateTime("settled_at").toInstant(),
                row.getString("discard_reason"),
                row.getUUID("message_id"),
                row.getUUID("replay"),
                row.getUUID("returned_from"),
                row.getUUID("redelivery_of"),
                Headers.toDisplayMap(row.getJsonArray("record_headers")),
                value == null ? null : Payloads.asText(value.getBytes()),
                value == null || Headers.utf8(value.getBytes()) != null ? null : "base64");
    }
}
