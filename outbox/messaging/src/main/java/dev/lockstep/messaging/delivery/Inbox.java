package dev.lockstep.messaging.delivery;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Stores which messages a consumer has applied or parked. Every method runs on the caller's connection: the caller owns the transaction.
 */
public final class Inbox {
    // Rows are inserted in the order of their ids, so that two transactions that claim the same messages wait for each
    // other instead of deadlocking.
    private static final String CLAIM = """
            INSERT INTO inbox (message_id, consumer, topic, partition, "offset")
            SELECT DISTINCT ON (m.id) m.id, $1, m.topic, m.partition, m."offset"
              FROM unnest($2::uuid[], $3::text[], $4::integer[], $5::bigint[]) AS m (id, topic, partition, "offset")
             ORDER BY m.id, m."offset"
            ON CONFLICT DO NOTHING
            RETURNING message_id
            """;

    private static final String RECORD_ATTEMPTS =
            "UPDATE inbox SET attempts = $3 WHERE message_id = $1 AND consumer = $2";

    private static final String LIST = """
            SELECT message_id, consumer, topic, partition, "offset", attempts, received_at
              FROM inbox WHERE message_id = ANY ($1) ORDER BY received_at DESC
            """;

    private static final String IS_CLAIMED =
            "SELECT EXISTS (SELECT FROM inbox WHERE message_id = $1 AND consumer = $2)";

    private static final String RELEASE = "DELETE FROM inbox WHERE message_id = $1 AND consumer = $2";

    /**
     * Claims the messages in one statement, and stores the topic, partition and offset of each.
     *
     * @param messages their ids must be UUIDv7s within the retention; an id whose day has no partition fails the statement
     * @return completes with the ids that were not claimed before; a rollback undoes the claims
     */
    public Future<Set<UUID>> claim(SqlClient tx, String consumer, List<? extends DecodedRecord<?>> messages) {
        if (messages.isEmpty()) {
            return Future.succeededFuture(Set.of());
        }
        int size = messages.size();
        UUID[] ids = new UUID[size];
        String[] topics = new String[size];
        Integer[] partitions = new Integer[size];
        Long[] offsets = new Long[size];
        for (int i = 0; i < size; i++) {
            ids[i] = messages.get(i).messageId();
            topics[i] = messages.get(i).source().topic();
            partitions[i] = messages.get(i).source().partition();
            offsets[i] = messages.get(i).source().offset();
        }
        return tx.preparedQuery(CLAIM)
                .execute(Tuple.tuple()
                        .addValue(consumer)
                        .addValue(ids)
                        .addValue(topics)
                        .addValue(partitions)
                        .addValue(offsets))
                .map(rows -> {
                    Set<UUID> claimed = HashSet.newHashSet(rows.size());
                    rows.forEach(row -> claimed.add(row.getUUID(0)));
                    return claimed;
                });
    }

    /** Completes with whether the message was claimed before, that is, whether it is handled or parked. */
    Future<Boolean> isClaimed(SqlClient client, String consumer, UUID messageId) {
        return client.preparedQuery(IS_CLAIMED)
                .execute(Tuple.of(messageId, consumer))
                .map(rows -> rows.iterator().next().getBoolean(0));
    }

    /**
     * A received message as the HTTP API shows it.
     *
     * @param attempts the number of attempts until it was handled; 1 while it is parked
     */
    record InboxMessageView(
            UUID messageId,
            String consumer,
            @Nullable String topic,
            @Nullable Integer partition,
            @Nullable Long offset,
            int attempts,
            Instant receivedAt) {}

    static Future<List<InboxMessageView>> list(SqlClient client, List<UUID> ids) {
        return client.preparedQuery(LIST)
                .execute(Tuple.tuple().addValue(ids.toArray(UUID[]::new)))
                .map(rows -> {
                    List<InboxMessageView> all = new ArrayList<>(rows.size());
                    rows.forEach(row -> all.add(new InboxMessageView(
                            row.getUUID("message_id"),
                            row.getString("consumer"),
                            row.getString("topic"),
                            row.getInteger("partition"),
                            row.getLong("offset"),
                            row.getInteger("attempts"),
                            row.getOffsetDateTime("received_at").toInstant())));
                    return all;
                });
    }

    /** Stores how many attempts it took to handle these messages. */
    Future<Void> recordAttempts(SqlClient tx, String consumer, List<ParkedMessage> messages) {
        return tx.preparedQuery(RECORD_ATTEMPTS)
                .executeBatch(messages.stream()
                        .map(message -> Tuple.of(message.messageId(), consumer, message.attempts() + 1))
                        .toList())
                .mapEmpty();
    }

    /** Releases a claim, so that the message can be delivered once more. */
    Future<Void> release(SqlClient tx, String consumer, UUID id) {
        return tx.preparedQuery(RELEASE).execute(Tuple.of(id, consumer)).mapEmpty();
    }
}
