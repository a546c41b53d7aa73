package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.listing.Listing;
import dev.lockstep.messaging.listing.ScanWindowStore;
import dev.lockstep.messaging.record.Headers;
import dev.lockstep.messaging.record.Payloads;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What an operator sees of the messages that wait. {@link ParkedMessageStore} keeps them. */
public final class ParkedMessageDesk {
    private static final long MOST_COUNTED = 100_000;

    // As in DeadLetterDesk: a key is compared plainly, so that a plan for all parameters finds the index.
    private static final String SHOW = """
            SELECT id, consumer, topic, partition, "offset", record_key, record_headers, message_id, attempts, error, waits_for,
                   dead_letter, first_at, next_attempt_at
              FROM parked_message
             WHERE %s
               AND CASE WHEN $2::text IS NULL THEN true ELSE topic = $2 END
               AND id < $3 AND id >= $5
             ORDER BY id DESC
             LIMIT $4
            """;

    private static final String SHOW_OF_KEY = SHOW.formatted("record_key = $1");
    private static final String SHOW_OF_ALL = SHOW.formatted("$1::bytea IS NULL");
    private static final String END_OF_ALL = ScanWindowStore.statement("parked_message", "$1::text IS NULL");

    private static final String COUNT = """
            SELECT count(*), coalesce(sum(messages), 0)::bigint
              FROM (SELECT count(*) AS messages
                      FROM (SELECT topic, record_key FROM parked_message LIMIT $1) counted
                     GROUP BY topic, record_key) keys
            """;

    private ParkedMessageDesk() {}

    /**
     * A parked message as it is shown.
     *
     * @param deadLetter the dead letter that this redelivers, if it is a redelivery
     */
    record Shown(
            UUID id,
            String consumer,
            String topic,
            int partition,
            long offset,
            @Nullable String key,
            @Nullable String type,
            UUID messageId,
            int attempts,
            @Nullable String error,
            @Nullable UUID waitsFor,
            @Nullable UUID deadLetter,
            Instant firstAt,
            Instant nextAttemptAt) {}

    /** What waits for another attempt, counted no further than 100,000 messages. */
    public record Count(long keys, long messages) {}

    /** Lists parked messages, the newest first. A topic, for which there is no index, is looked for among a bounded number of them. */
    public static Future<ScanWindowStore.Found<Shown>> list(
            SqlClient client, @Nullable String key, @Nullable String topic, @Nullable UUID before, int limit) {
        Future<UUID> end = topic == null || key != null
                ? Future.succeededFuture(ScanWindowStore.UNBOUNDED)
                : ScanWindowStore.end(client, END_OF_ALL, null, before);
        return end.compose(last -> client.preparedQuery(listing(key != null))
                .execute(Tuple.of(
                        key == null ? null : Buffer.buffer(key),
                        topic,
                        before == null ? Listing.AFTER_ALL : before,
                        limit,
                        last))
                .map(rows -> {
                    List<Shown> all = new ArrayList<>(rows.size());
                    rows.forEach(row -> all.add(shown(row)));
                    return ScanWindowStore.found(all, last);
                }));
    }

    public static String listing(boolean ofKey) {
        return ofKey ? SHOW_OF_KEY : SHOW_OF_ALL;
    }

    public static Future<Count> count(SqlClient client) {
        return client.preparedQuery(COUNT).execute(Tuple.of(MOST_COUNTED)).map(rows -> {
            Row row = rows.iterator().next();
            return new Count(row.getLong(0), row.getLong(1));
        });
    }

    private static Shown shown(Row row) {
        Buffer key = row.getBuffer("record_key");
        return new Shown(
                row.getUUID("id"),
                row.getString("consumer"),
                row.getString("topic"),
                row.getInteger("partition"),
                row.getLong("offset"),
                key == null ? null : Payloads.asText(key.getBytes()),
                Headers.readable(row.getJsonArray("record_headers")).get("ce_type"),
                row.getUUID("message_id"),
                row.getInteger("attempts"),
                row.getString("error"),
                row.getUUID("waits_for"),
                row.getUUID("dead_letter"),
                row.getOffsetDateTime("first_at").toInstant(),
                row.getOffsetDateTime("next_attempt_at").toInstant());
    }
}
