package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.http.PayloadVisibility;
import dev.lockstep.messaging.listing.Listing;
import dev.lockstep.messaging.listing.ScanWindowStore;
import dev.lockstep.messaging.record.ErrorTexts;
import dev.lockstep.messaging.record.Headers;
import dev.lockstep.messaging.record.Payloads;
import dev.lockstep.messaging.sql.ListQuery;
import dev.lockstep.messaging.sql.Rows;
import dev.lockstep.messaging.sql.SqlValues;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Queries on parked messages for operators. {@link ParkedMessageStore} stores the messages. */
public final class ParkedMessageQueries {
    private static final String LIST = """
            SELECT id, consumer, topic, partition, "offset", record_key, record_headers, message_id, attempts, error, waits_for,
                   dead_letter, first_at, next_attempt_at
              FROM parked_message
            """;

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
            Instant nextAttemptAt) {
        ParkedMessageView with(PayloadVisibility visibility) {
            return error == null || visibility == PayloadVisibility.FULL
                    ? this
                    : new ParkedMessageView(
                            id,
                            consumer,
                            topic,
                            partition,
                            offset,
                            key,
                            type,
                            messageId,
                            attempts,
                            ErrorTexts.masked(error),
                            waitsFor,
                            deadLetter,
                            firstAt,
                            nextAttemptAt);
        }
    }

    /** The number of parked messages and of their keys. At most 100,000 messages are counted. */
    public record Count(long keys, long messages) {}

    /**
     * Lists parked messages, newest first. The topic has no index, so a search for a topic without a key examines a bounded number of
     * messages.
     */
    public static Future<ScanWindowStore.ScanResult<ParkedMessageView>> list(
            SqlClient client, @Nullable String key, @Nullable String topic, UUID before, int limit) {
        return ScanWindowStore.list(client, listQuery(key, topic), before, limit, ParkedMessageQueries::toView);
    }

    /** The query of {@link #list}. */
    public static ListQuery listQuery(@Nullable String key, @Nullable String topic) {
        return new ListQuery(LIST, "parked_message")
                .searchByRare("record_key = ?", key == null ? null : Buffer.buffer(key))
                .filter("topic = ?", topic);
    }

    public static Future<Count> count(SqlClient client) {
        return client.preparedQuery(COUNT)
                .mapping(row -> new Count(row.getLong(0), row.getLong(1)))
                .execute(Tuple.of(Listing.MAX_COUNTED))
                .map(Rows::only);
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
                SqlValues.instant(row, "first_at"),
                SqlValues.instant(row, "next_attempt_at"));
    }
}
