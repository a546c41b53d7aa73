package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.delivery.BatchProcessor;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Consumes topics: pulls records, applies each partition in order on the verticle's context, and commits exactly the offsets
 * of what was applied, after its transaction.
 *
 * <p>At most one batch is in flight and nothing is polled meanwhile, so nothing queues up in memory, and a rebalance, which
 * happens inside a poll, finds nothing half done.
 */
public final class MessageConsumer {
    private final PollLoop<?> loop;
    private final ConsumerLag lag;
    private final LostRangeReporter lostRanges;
    private final SubscriptionRenewer subscriptionRenewer;

    private MessageConsumer(
            PollLoop<?> loop, ConsumerLag lag, LostRangeReporter lostRanges, SubscriptionRenewer subscriptionRenewer) {
        this.loop = loop;
        this.lag = lag;
        this.lostRanges = lostRanges;
        this.subscriptionRenewer = subscriptionRenewer;
    }

    /**
     * @param pool where the inbox, the parked messages, the dead letters and the handler's own tables are
     * @param accepts asked for each topic before each poll; while it answers false the topic's records stay in Kafka
     */
    public static <M> MessageConsumer create(
            Vertx vertx,
            Pool pool,
            ConsumerOptions options,
            MessageCodec<M> codec,
            MessageHandler<M> handler,
            Predicate<String> accepts,
            MeterRegistry meters) {
        Context context = vertx.getOrCreateContext();
        BoundedTransactions transactions = new BoundedTransactions(vertx, pool);
        BatchProcessor<M> processor = new BatchProcessor<>(transactions, options, codec, handler, meters);
        LostRangeReporter lost = new LostRangeReporter(options, meters);
        StartPositionResolver starts = new StartPositionResolver(transactions, options, lost);
        BrokerOffsets broker = new BrokerOffsets(options);
        ConsumerLag lag = new ConsumerLag(options, broker, meters);
        return new MessageConsumer(
                new PollLoop<>(context, options, processor, accepts, starts, broker, lag),
                lag,
                lost,
                new SubscriptionRenewer(vertx, pool, options));
    }

    /** Completes once the consumer's thread runs. Kafka may be away: it is waited for, and {@link #problem} says so. */
    public Future<Void> start() {
        loop.start();
        subscriptionRenewer.start();
        return Future.succeededFuture();
    }

    /** Completes when the batch in flight is applied, its offsets are committed and the group is left; waits 20 s at most. */
    public Future<Void> stop() {
        subscriptionRenewer.stop();
        Promise<Void> stopped = Promise.promise();
        loop.stop(stopped::tryComplete);
        return stopped.future().timeout(20, TimeUnit.SECONDS);
    }

    /** Why messages are not being consumed, in one sentence, or empty when they are. */
    public Optional<String> problem() {
        return Optional.ofNullable(loop.problem());
    }

    /**
     * What an operator has to see although messages are consumed, or empty: records that were removed unread within the last hour, and
     * partitions that nobody reads.
     */
    public Optional<String> warning() {
        String all = Stream.of(lostRanges.warning(), lag.warning())
                .flatMap(Optional::stream)
                .collect(Collectors.joining("; "));
        return all.isEmpty() ? Optional.empty() : Optional.of(all);
    }

    /**
     * Why the consumer does not get anywhere any more, so that only a new process helps, or empty as long as it does. It is not
     * stalled by a database or a broker that is away, however long that takes.
     */
    public Optional<String> stall() {
        return loop.stall();
    }
}
