package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.deadletter.ReplayDestination;
import dev.lockstep.messaging.deadletter.SubscriptionStore;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores in the database which topics a consumer group of this service reads, and renews the entry while an instance runs. Any instance can
 * then tell whether a dead letter can be redelivered to its group.
 */
final class SubscriptionRenewer {
    private static final Logger LOGGER = LoggerFactory.getLogger(SubscriptionRenewer.class);
    private static final long RENEW_EVERY_MILLIS =
            ReplayDestination.SUBSCRIPTION_EXPIRES_AFTER.dividedBy(8).toMillis();

    private final Vertx vertx;
    private final Pool pool;
    private final ConsumerOptions options;
    private long timer = -1;

    SubscriptionRenewer(Vertx vertx, Pool pool, ConsumerOptions options) {
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
        SubscriptionStore.renew(pool, options.group(), options.topics())
                .onFailure(cause -> LOGGER.atDebug()
                        .addKeyValue("service", options.group())
                        .setCause(cause)
                        .log("failed to renew the subscription"));
    }

    /** Whether a subscription that was last renewed at the given time belongs to a running group. */
    static boolean isCurrent(Instant lastSeen, Instant now) {
        return lastSeen.plus(ReplayDestination.SUBSCRIPTION_EXPIRES_AFTER).isAfter(now);
    }
}
