package dev.lockstep.messaging;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps in the database which topics a consumer group of this service reads, for as long as an instance of it runs, so that any instance
 * can tell whether a dead letter can be redelivered to its group.
 */
final class Subscriptions {
    private static final Logger LOGGER = LoggerFactory.getLogger(Subscriptions.class);
    private static final long RENEW_EVERY_MILLIS =
            ReplayDestination.SUBSCRIPTION_EXPIRES_AFTER.dividedBy(8).toMillis();

    // In the order of the key, so that two instances that renew at once wait for each other instead of deadlocking.
    private static final String RENEW = """
            INSERT INTO consumer_subscription (consumer, topic)
            SELECT $1, t.topic FROM unnest($2::text[]) AS t (topic) ORDER BY t.topic
                ON CONFLICT (consumer, topic) DO UPDATE SET seen_at = now()
            """;

    private static final String LAST_SEEN =
            "SELECT seen_at FROM consumer_subscription WHERE consumer = $1 AND topic = $2";

    private final Vertx vertx;
    private final Pool pool;
    private final ConsumerOptions options;
    private long timer = -1;

    Subscriptions(Vertx vertx, Pool pool, ConsumerOptions options) {
        this.vertx = vertx;
        this.pool = pool;
        this.options = options;
    }

    void start() {
        timer = vertx.setPeriodic(0, RENEW_EVERY_MILLIS, tick -> renew());
    }

    void stop() {
        vertx.cancelTimer(timer);
    }

    private void renew() {
        pool.preparedQuery(RENEW)
                .execute(Tuple.tuple()
                        .addValue(options.group())
                        .addValue(options.topics().stream().distinct().toArray(String[]::new)))
                .onFailure(cause -> LOGGER.atDebug()
                        .addKeyValue("service", options.group())
                        .setCause(cause)
                        .log("the subscription could not be renewed"));
    }

    /** Completes with when an instance of the group last said that it reads the topic; empty if none ever did. */
    static Future<Optional<Instant>> lastSeen(SqlClient client, String group, String topic) {
        return client.preparedQuery(LAST_SEEN)
                .execute(Tuple.of(group, topic))
                .map(rows -> rows.size() == 0
                        ? Optional.empty()
                        : Optional.of(
                                rows.iterator().next().getOffsetDateTime(0).toInstant()));
    }

    /** Whether a subscription that was renewed then is one of a group that runs. */
    static boolean isCurrent(Instant lastSeen, Instant now) {
        return lastSeen.plus(ReplayDestination.SUBSCRIPTION_EXPIRES_AFTER).isAfter(now);
    }
}
