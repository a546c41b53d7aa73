package dev.lockstep.messaging.deadletter;

import dev.lockstep.messaging.sql.Rows;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.Collection;
import java.util.Optional;

/** Stores which topics a consumer group reads, and when an instance of it last confirmed that. The caller owns the connection. */
public final class SubscriptionStore {
    // Sorted by key, so that two instances that renew at the same time wait for each other instead of deadlocking.
    private static final String RENEW = """
            INSERT INTO consumer_subscription (consumer, topic)
            SELECT $1, t.topic FROM unnest($2::text[]) AS t (topic) ORDER BY t.topic
                ON CONFLICT (consumer, topic) DO UPDATE SET seen_at = now()
            """;

    private static final String LAST_SEEN =
            "SELECT seen_at FROM consumer_subscription WHERE consumer = $1 AND topic = $2";

    private SubscriptionStore() {}

    /** Records that the group reads these topics now. Completes once that is written. */
    public static Future<Void> renew(SqlClient client, String group, Collection<String> topics) {
        return client.preparedQuery(RENEW)
                .execute(Tuple.tuple()
                        .addValue(group)
                        .addValue(topics.stream().distinct().toArray(String[]::new)))
                .mapEmpty();
    }

    /** Completes with the time at which an instance of the group last confirmed that it reads the topic; empty if none ever did. */
    static Future<Optional<Instant>> lastSeen(SqlClient client, String group, String topic) {
        return client.preparedQuery(LAST_SEEN)
                .mapping(row -> row.getOffsetDateTime(0).toInstant())
                .execute(Tuple.of(group, topic))
                .map(Rows::first);
    }
}
