package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.consumer.ConsumerThread.ClientLoop;
import dev.lockstep.messaging.delivery.BatchProcessor;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.tracing.Telemetry;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/**
 * Consumes topics: polls records, applies each partition in order on the event loop, and commits only the offsets of applied records, after
 * their transaction.
 *
 * <p>At most one batch is in flight, and nothing is polled meanwhile. Records therefore do not queue up in memory, and a rebalance, which
 * happens inside a poll, never meets a batch in flight.
 */
public final class MessageConsumer {
    // A step is one poll, one commit, or one batch, and takes a few minutes at worst, even while the database is
    // unavailable.
    private static final Duration STALLED_AFTER = Duration.ofMinutes(5);

    private final String group;
    private final ConsumerThread thread;
    private final ConsumerProgress progress;
    private final ConsumerLag lag;
    private final LostRangeReporter lostRanges;
    private final SubscriptionRenewer subscriptionRenewer;

    private MessageConsumer(
            String group,
            ConsumerThread thread,
            ConsumerProgress progress,
            ConsumerLag lag,
            LostRangeReporter lostRanges,
            SubscriptionRenewer subscriptionRenewer) {
        this.group = group;
        this.thread = thread;
        this.progress = progress;
        this.lag = lag;
        this.lostRanges = lostRanges;
        this.subscriptionRenewer = subscriptionRenewer;
    }

    /**
     * Creates a consumer. It consumes nothing until {@link #start} is called. The handler runs on the Vert.x context of the caller.
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
        return create(vertx, pool, options, codec, handler, accepts, Telemetry.of(meters));
    }

    /** Creates a consumer as above, whose messages have spans. */
    public static <M> MessageConsumer create(
            Vertx vertx,
            Pool pool,
            ConsumerOptions options,
            MessageCodec<M> codec,
            MessageHandler<M> handler,
            Predicate<String> accepts,
            Telemetry telemetry) {
        MeterRegistry meters = telemetry.meters();
        Context context = vertx.getOrCreateContext();
        BoundedTransactions transactions = new BoundedTransactions(vertx, pool);
        BatchProcessor<M> processor = new BatchProcessor<>(transactions, options, codec, handler, telemetry);
        ConsumerProgress progress = new ConsumerProgress(System::nanoTime, STALLED_AFTER.toNanos());
        EventLoopBridge eventLoop = new EventLoopBridge(context, progress::step);
        StoredStartCounts starts = new StoredStartCounts(transactions, new BatchStartStore(options.group()), eventLoop);
        LostRangeReporter lost = new LostRangeReporter(options, meters);
        StartPositionResolver startPositions = new StartPositionResolver(transactions, options, lost);
        BrokerOffsets broker = new BrokerOffsets(options);
        ConsumerLag lag = new ConsumerLag(options, broker, meters);
        Function<Consumer<byte[], byte[]>, ClientLoop> loops = client -> {
            OffsetCommits offsets = new OffsetCommits(client, options.group());
            PartitionPositions positions =
                    new PartitionPositions(client, options, offsets, broker, startPositions, eventLoop, lag::logs);
            RecordDelivery delivery =
                    new RecordDelivery(options.group(), processor, new CrashLoopDetector(starts), eventLoop, progress);
            PartitionPauses pauses = new PartitionPauses(client, options, positions, accepts);
            return new PollLoop(client, options, delivery, positions, pauses, offsets, progress);
        };
        ConsumerThread thread = new ConsumerThread(
                context, options.group(), () -> new KafkaConsumer<>(options.kafkaProperties()), loops, progress, () -> {
                    lag.close();
                    broker.close();
                });
        return new MessageConsumer(
                options.group(), thread, progress, lag, lost, new SubscriptionRenewer(context, transactions, options));
    }

    /**
     * Completes once the consumer's thread has been started. If Kafka is unavailable, the consumer waits for it, and {@link #problem}
     * reports it.
     */
    public Future<Void> start() {
        lag.start();
        thread.start();
        subscriptionRenewer.start();
        return Future.succeededFuture();
    }

    /**
     * Completes when the batch in flight is applied, its offsets are committed and the consumer has left the group. That takes as long as
     * the transaction in flight, and a few minutes if neither Kafka nor the database answers. A later call completes like the first one.
     */
    public Future<Void> stop() {
        return Future.join(thread.stop(), subscriptionRenewer.stop())
                .timeout(ConsumerThread.MAX_STOP_DURATION.toMillis(), TimeUnit.MILLISECONDS)
                .mapEmpty();
    }

    /** Returns in one sentence why messages are not being consumed. Empty if they are. */
    public Optional<String> problem() {
        return Optional.ofNullable(progress.problem()).map(problem -> group + " " + problem);
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
        return thread.isStopping() ? Optional.empty() : progress.stall().map(reason -> group + ": " + reason);
    }
}
