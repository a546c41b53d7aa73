package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.delivery.BatchProcessor;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Consumes topics: polls records, applies each partition in order on the verticle's context, and commits only the offsets of applied
 * records, after their transaction.
 *
 * <p>At most one batch is in flight, and nothing is polled meanwhile. Records therefore do not queue up in memory, and a rebalance, which
 * happens inside a poll, never meets a batch in flight.
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
     * Creates a consumer. It consumes nothing until {@link #start} is called.
     *
     * @param pool the database that has the inbox, the parked messages, the dead letters and the handler's own tables
     * @param accepts called for each topic before each poll; while it returns false, the topic's records stay in Kafka
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

    /**
     * Completes once the consumer's thread has been started. If Kafka is unavailable, the consumer waits for it, and {@link #problem}
     * reports it.
     */
    public Future<Void> start() {
        loop.start();
        subscriptionRenewer.start();
        return Future.succeededFuture();
    }

    /**
     * Completes when the batch in flight is applied, its offsets are committed and the consumer has left the group. Fails if that takes
     * longer than 20 s.
     */
    public Future<Void> stop() {
        subscriptionRenewer.stop();
        return loop.stop().timeout(20, TimeUnit.SECONDS);
    }

    /** Returns in one sentence why messages are not being consumed. Empty if they are. */
    public Optional<String> problem() {
        return Optional.ofNullable(loop.problem());
    }

    /**
     * Returns what an operator has to know although messages are being consumed: records that were removed unread within the last hour, and
     * partitions that are not being read. Empty if there are none.
     */
    public Optional<String> warning() {
        String all = Stream.of(lostRanges.warning(), lag.warning())
                .flatMap(Optional::stream)
                .collect(Collectors.joining("; "));
        return all.isEmpty() ? Optional.empty() : Optional.of(all);
    }

    /**
     * Returns why the consumer makes no progress any more, so that only a new process helps. Empty as long as it makes progress. An
     * unavailable database or broker does not stall the consumer, however long the outage lasts.
     */
    public Optional<String> stall() {
        return loop.stall();
    }
}
