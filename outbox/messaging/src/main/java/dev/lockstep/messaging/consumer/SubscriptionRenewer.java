package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.deadletter.ReplayDestination;
import dev.lockstep.messaging.deadletter.SubscriptionStore;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.schedule.PeriodicTask;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;

/**
 * Stores in the database which topics a consumer group of this service reads, and renews the entry while an instance runs. Any instance can
 * then tell whether a dead letter can be redelivered to its group.
 */
final class SubscriptionRenewer {
    private static final Duration INTERVAL = ReplayDestination.SUBSCRIPTION_EXPIRES_AFTER.dividedBy(8);
    private static final Duration TIMEOUT = Duration.ofSeconds(3);

    private final Context context;
    private final PeriodicTask renewals;

    SubscriptionRenewer(Context context, BoundedTransactions transactions, ConsumerOptions options) {
        this.context = context;
        this.renewals = new PeriodicTask(
                context.owner(),
                "renewal of the subscription of " + options.group(),
                INTERVAL,
                () -> transactions
                        .withConnection(
                                TIMEOUT,
                                connection -> SubscriptionStore.renew(connection, options.group(), options.topics()))
                        .map(false));
    }

    void start() {
        context.runOnContext(start -> renewals.startAfter(Duration.ZERO));
    }

    /** Completes once the renewal in progress has ended. */
    Future<Void> stop() {
        Promise<Void> stopped = Promise.promise();
        context.runOnContext(stop -> renewals.stop().onComplete(stopped));
        return stopped.future();
    }
}
