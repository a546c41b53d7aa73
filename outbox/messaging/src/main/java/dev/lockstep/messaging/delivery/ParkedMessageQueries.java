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

/** Queries on parked messages for operators. {@link ParkedMessageStore} stores the messages. */
public final class ParkedMessageQueries {
    private static final long MAX_COUNTED = 100_000;

    // As in DeadLetterQueries, the key is compared with a plain equality, so that the generic plan finds the index.
    private static final String LIST = """
            SELECT id, consumer, topic, partition, "offset", record_key, record_headers, message_id, attempts, error, waits_for,
                   dead_letter, first_at, next_attempt_at
              FROM parked_message
             WHERE %s
               AND CASE WHEN $2::text IS NULL THEN true ELSE topic = $2 END
               AND id < $3 AND id >= $5
             ORDER BY id DESC
             LIMIT $4
            """;

    private static final String LIST_OF_KEY = LIST.formatted("record_key = $1");
    private static final String LIST_OF_ALL = LIST.formatted("$1::bytea IS NULL");
    private static final String END_OF_ALL = ScanWindowStore.statement("parked_message", "$1::text IS NULL");

    private static final String COUNT = """
            SELECT count(*), coalesce(sum(messages), 0)::bigint
              FROM (SELECT count(*) AS messages
                      FROM (SELECT topic, record_key FROM parked_message LIMIT $1) counted
                     GROUP BY topic, record_key) keys
            """;

    private ParkedMessageQueries() {}

    /**
     * A parked message as the HTTP API shows it.
     *
     * @param deadLetter the dead letter that this message redelivers, if it is a redelivery
     */
    record ParkedMessageView(
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

    /** The number of parked messages and of their keys. At most 100,000 messages are counted. */
    public record Count(long keys, long messages) {}

    /**
     * Lists parked messages, newest first. The topic has no index, so a search for a topic without a key examines a bounded number of
     * messages.
     */
    public static Future<ScanWindowStore.ScanResult<ParkedMessageView>> list(
            SqlClient client, @Nullable String key, @Nullable String topic, @Nullable UUID before, int limit) {
        Future<UUID> end = topic == null || key != null
                ? Future.succeededFuture(ScanWindowStore.UNBOUNDED)
                : ScanWindowStore.end(client, END_OF_ALL, null, before);
        return end.compose(last -> client.preparedQuery(listStatement(key != null))
                .execute(Tuple.of(
                        key == null ? null : Buffer.buffer(key),
                        topic,
                        before == null ? Listing.AFTER_ALL : before,
                        limit,
                        last))
                .map(rows -> {
                    List<ParkedMessageView> all = new ArrayList<>(rows.size());
                    rows.forEach(row -> all.add(toView(row)));
                    return ScanWindowStore.result(all, last);
                }));
    }

    public static String listStatement(boolean ofKey) {
        return ofKey ? LIST_OF_KEY : LIST_OF_ALL;
    }

    public static Future<Count> count(SqlClient client) {
        return client.preparedQuery(COUNT).execute(Tuple.of(MAX_COUNTED)).map(rows -> {
            Row row = rows.iterator().next();
            return new Count(row.getLong(0), row.getLong(1));
        });
    }

    private static ParkedMessageView toView(Row row) {
        Buffer key = row.getBuffer("record_key");
        return new ParkedMessageView(
                row.getUUID("id"),
                row.getString("consumer"),
                row.getString("topic"),
                row.getInteger("partition"),
                row.getLong("offset"),
                key == null ? null : Payloads.asText(key.getBytes()),
                Headers.toDisplayMap(row.getJsonArray("record_headers")).get("ce_type"),
                row.getUUID("message_id"),
                row.getInteger("attempts"),
                row.getString("error"),
                row.getUUID("waits_for"),
                row.getUUID("dead_letter"),
                row.getOffsetDateTime("first_at").toInstant(),
                row.getOffsetDateTime("next_attempt_at").toInstant());
    }
}
