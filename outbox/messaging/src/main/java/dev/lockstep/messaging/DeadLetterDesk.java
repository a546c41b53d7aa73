package dev.lockstep.messaging;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What an operator does with dead letters: look, send again, or discard. Each is one statement, and so one transaction. */
final class DeadLetterDesk {
    private static final int LARGEST_LISTED_VALUE = 4096;

    private static final String COLUMNS = """
            SELECT id, consumer, topic, partition, "offset", record_key, record_headers, type, reason, error, attempts, first_at,
                   last_at, state, settled_at, discard_reason,
            """;

    private static final String FIND = COLUMNS + "record_value FROM dead_letter WHERE id = $1";

    private static final String LIST = COLUMNS + """
                   CASE WHEN octet_length(record_value) <= $7 THEN record_value END AS record_value
              FROM dead_letter
             WHERE state = $1
               AND ($2::text IS NULL OR topic = $2)
               AND ($3::text IS NULL OR type = $3)
               AND ($4::text IS NULL OR reason = $4)
               AND ($5::uuid IS NULL OR id < $5)
             ORDER BY id DESC
             LIMIT $6
            """;

    // The record goes back to its topic as it came, ce_id included: consumers that did handle it recognise a repeat.
    // One
    // whose key is not text cannot: the outbox keeps keys as text.
    private static final String RESEND = """
            , resent AS (
                INSERT INTO outbox (aggregatetype, aggregateid, type, topic, payload, headers)
                SELECT 'dead-letter', key_text, coalesce(type, 'unknown'), topic, record_value,
                       record_headers
                  FROM taken
                 ORDER BY topic, partition, "offset"
                RETURNING id
            )
            SELECT (SELECT count(*) FROM resent) AS replayed
            """;

    private static final String REPLAY_ONE = """
            WITH taken AS (
                UPDATE dead_letter SET state = 'replayed', settled_at = now()
                 WHERE id = $1 AND state = 'open' AND (record_key IS NULL OR key_text IS NOT NULL)
                RETURNING *
            )
            """ + RESEND;

    private static final String REPLAY_MATCHING = """
            WITH taken AS (
                UPDATE dead_letter SET state = 'replayed', settled_at = now()
                 WHERE id IN (SELECT id FROM dead_letter
                               WHERE state = 'open' AND (record_key IS NULL OR key_text IS NOT NULL)
                                 AND ($1::text IS NULL OR topic = $1)
                                 AND ($2::text IS NULL OR type = $2)
                                 AND ($3::text IS NULL OR reason = $3)
                               ORDER BY id
                               LIMIT $4
                                 FOR UPDATE SKIP LOCKED)
                RETURNING *
            )
            """ + RESEND;

    private static final String COUNT_OPEN = """
            SELECT count(*) FROM dead_letter
             WHERE state = 'open'
               AND ($1::text IS NULL OR topic = $1)
               AND ($2::text IS NULL OR type = $2)
               AND ($3::text IS NULL OR reason = $3)
            """;

    private static final String DISCARD = """
            UPDATE dead_letter SET state = 'discarded', settled_at = now(), discard_reason = $2
             WHERE id = $1 AND state = 'open'
            """;

    private static final String COUNT_BY_REASON =
            "SELECT topic, reason, count(*) FROM dead_letter WHERE state = 'open' GROUP BY topic, reason";

    private static final String COUNT_PARKED =
            "SELECT count(DISTINCT (topic, record_key)), count(*) FROM parked_message";

    private DeadLetterDesk() {}

    /** Which dead letters are meant; a null matches all. */
    record Filter(
            @Nullable String topic,
            @Nullable String type,
            @Nullable String reason) {}

    /**
     * A dead letter as it is shown.
     *
     * @param value the record's value as text; left out of lists where it is large
     * @param valueEncoding {@code base64} if the value is not text
     */
    record Shown(
            UUID id,
            String consumerGroup,
            String topic,
            int partition,
            long offset,
            @Nullable String key,
            @Nullable String type,
            String reason,
            String error,
            int attempts,
            Instant firstAt,
            Instant lastAt,
            String state,
            @Nullable Instant settledAt,
            @Nullable String discardReason,
            Map<String, String> headers,
            @Nullable String value,
            @Nullable String valueEncoding) {}

    /** How many open dead letters a topic has for one reason. */
    record Count(String topic, String reason, long count) {}

    /** What waits for another attempt. */
    record ParkedCount(long keys, long messages) {}

    static Future<Optional<Shown>> find(SqlClient client, UUID id) {
        return client.preparedQuery(FIND)
                .execute(Tuple.of(id))
                .map(rows -> rows.size() == 0
                        ? Optional.empty()
                        : Optional.of(shown(rows.iterator().next())));
    }

    static Future<List<Shown>> list(SqlClient client, String state, Filter filter, @Nullable UUID before, int limit) {
        return client.preparedQuery(LIST)
                .execute(Tuple.tuple()
                        .addValue(state)
                        .addValue(filter.topic())
                        .addValue(filter.type())
                        .addValue(filter.reason())
                        .addValue(before)
                        .addValue(limit)
                        .addValue(LARGEST_LISTED_VALUE))
                .map(rows -> {
                    List<Shown> all = new ArrayList<>(rows.size());
                    rows.forEach(row -> all.add(shown(row)));
                    return all;
                });
    }

    /** Completes with whether it was open, and so is sent again. */
    static Future<Boolean> replay(SqlClient client, UUID id) {
        return client.preparedQuery(REPLAY_ONE)
                .execute(Tuple.of(id))
                .map(rows -> rows.iterator().next().getLong("replayed") == 1);
    }

    /** Sends the oldest matching ones again, each topic's partitions in order. Completes with how many. */
    static Future<Long> replay(SqlClient client, Filter filter, int limit) {
        return client.preparedQuery(REPLAY_MATCHING)
                .execute(Tuple.of(filter.topic(), filter.type(), filter.reason(), limit))
                .map(rows -> rows.iterator().next().getLong("replayed"));
    }

    static Future<Long> countOpen(SqlClient client, Filter filter) {
        return client.preparedQuery(COUNT_OPEN)
                .execute(Tuple.of(filter.topic(), filter.type(), filter.reason()))
                .map(rows -> rows.iterator().next().getLong(0));
    }

    /** Completes with whether it was open, and so is discarded now. */
    static Future<Boolean> discard(SqlClient client, UUID id, @Nullable String reason) {
        return client.preparedQuery(DISCARD).execute(Tuple.of(id, reason)).map(rows -> rows.rowCount() == 1);
    }

    static Future<List<Count>> countByReason(SqlClient client) {
        return client.query(COUNT_BY_REASON).execute().map(rows -> {
            List<Count> all = new ArrayList<>(rows.size());
            rows.forEach(row -> all.add(new Count(row.getString(0), row.getString(1), row.getLong(2))));
            return all;
        });
    }

    static Future<ParkedCount> countParked(SqlClient client) {
        return client.query(COUNT_PARKED).execute().map(rows -> {
            Row row = rows.iterator().next();
            return new ParkedCount(row.getLong(0), row.getLong(1));
        });
    }

    private static Shown shown(Row row) {
        Buffer key = row.getBuffer("record_key");
        Buffer value = row.getBuffer("record_value");
        return new Shown(
                row.getUUID("id"),
                row.getString("consumer"),
                row.getString("topic"),
                row.getInteger("partition"),
                row.getLong("offset"),
                key == null ? null : Payloads.asText(key.getBytes()),
                row.getString("type"),
                row.getString("reason"),
                row.getString("error"),
                row.getInteger("attempts"),
                row.getOffsetDateTime("first_at").toInstant(),
                row.getOffsetDateTime("last_at").toInstant(),
                row.getString("state"),
                row.getOffsetDateTime("settled_at") == null
                        ? null
                        : row.getOffsetDateTime("settled_at").toInstant(),
                row.getString("discard_reason"),
                Headers.readable(row.getJsonArray("record_headers")),
                value == null ? null : Payloads.asText(value.getBytes()),
                value == null || Headers.utf8(value.getBytes()) != null ? null : "base64");
    }
}
