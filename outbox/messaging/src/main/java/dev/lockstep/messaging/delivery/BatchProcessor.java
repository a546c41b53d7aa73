package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.deadletter.DeadLetterStore.DeadLetter;
import dev.lockstep.messaging.delivery.ParkedMessageStore.TopicKey;
import dev.lockstep.messaging.record.MessageIds;
import dev.lockstep.messaging.tracing.MessageTracing;
import dev.lockstep.messaging.tracing.MessageTracing.Processing;
import dev.lockstep.messaging.tracing.Telemetry;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import dev.lockstep.messaging.transaction.BoundedTransactions.Limits;
import dev.lockstep.messaging.transaction.Transactions;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Applies polled records, each batch in one transaction that contains the inbox claims, the handler's work, the parked messages and the
 * dead letters. {@link BatchIsolation} isolates the messages at fault in a batch that fails. A returned future fails only if the failure is
 * unrelated to the records.
 */
public final class BatchProcessor<M> {
    /** How long {@link #apply} takes at most. */
    public static final Duration MAX_DURATION = BatchLimits.MAX_BATCH_DURATION;

    private static final Duration[] BUCKETS = Stream.of(2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)
            .map(Duration::ofMillis)
            .toArray(Duration[]::new);

    private final BoundedTransactions transactions;
    private final ConsumerOptions options;
    private final MessageCodec<M> codec;
    private final MessageHandler<M> handler;
    private final MessageTracing tracing;
    private final Timer duration;
    private final MessageIds messageIds;
    private final Inbox inbox = new Inbox();
    private final ParkedMessageStore parked;
    private final PredecessorWaitStore waits;
    private final SequenceGapStore sequenceGaps;
    private final DeliveryFailures failures;
    private final FailedMessages failedMessages;
    private final ParkedMessageRetries<M> parkedRetries;
    private final LockWaitPolicy lockWaitPolicy = new LockWaitPolicy(System::nanoTime);

    public BatchProcessor(
            BoundedTransactions transactions,
            ConsumerOptions options,
            MessageCodec<M> codec,
            MessageHandler<M> handler,
            Telemetry telemetry) {
        this.transactions = transactions;
        this.options = options;
        this.codec = codec;
        this.handler = handler;
        this.tracing = telemetry.tracing();
        this.duration = duration(telemetry.meters(), options.group());
        this.messageIds = new MessageIds(options.inboxRetention());
        this.parked = new ParkedMessageStore(options.group());
        this.waits = new PredecessorWaitStore(options.group());
        this.sequenceGaps = new SequenceGapStore(options.group());
        this.failures = new DeliveryFailures(options, telemetry, messageIds, parked);
        this.failedMessages = new FailedMessages(transactions, options, inbox, failures);
        this.parkedRetries = new ParkedMessageRetries<>(
                transactions,
                options,
                new ParkedMessageProcessor<>(options, codec, handler, messageIds, parked, failures),
                parked,
                sequenceGaps,
                failures);
    }

    /**
     * Applies the records in order.
     *
     * @param applied receives each group of records as soon as its outcome is durable, even if a later one fails
     * @return completes when the outcome of every record is durable; fails if the rest must be retried later
     */
    public Future<Void> apply(List<CountedRecord> deliveries, Consumer<List<ConsumerRecord<byte[], byte[]>>> applied) {
        Instant now = Instant.now();
        List<DecodedRecord<M>> batch = new ArrayList<>(deliveries.size());
        Future<Void> deadLettersStored = Future.succeededFuture();
        for (CountedRecord delivery : deliveries) {
            if (delivery.starts() > options.retries().maxAttempts()) {
                DeadLetter deadLetter = DeadLetter.crashed(delivery.source(), delivery.starts() - 1, now);
                UUID messageId = messageIds.of(delivery.source(), now);
                deadLettersStored = deadLettersStored
                        .compose(done -> failedMessages.deadLetterUnlessClaimed(messageId, deadLetter))
                        .onSuccess(done -> applied.accept(List.of(delivery.source())));
            } else {
                batch.add(DecodedRecord.decode(
                        delivery.source(),
                        messageIds.of(delivery.source(), now),
                        messageIds.previousId(delivery.source(), now),
                        codec));
            }
        }
        BatchIsolation<M> isolation = new BatchIsolation<>(
                transactions, handler, failedMessages, lockWaitPolicy, this::inOneTransaction, applied, batch.size());
        return deadLettersStored.compose(done -> isolation.apply(batch));
    }

    private Future<Void> inOneTransaction(List<DecodedRecord<M>> batch, Limits limits) {
        List<DecodedRecord<M>> readable =
                batch.stream().filter(DecodedRecord::isDecoded).toList();
        List<DeadLetter> unreadable = batch.stream()
                .filter(each -> !each.isDecoded())
                .map(BatchProcessor::toDeadLetter)
                .toList();
        long begun = System.nanoTime();
        return transactions
                .run(limits, tx -> {
                    // The three queries are pipelined on one connection and take one round trip. The two behind the
                    // claim see the claimed ids.
                    Future<Set<UUID>> claim = inbox.claim(tx, options.group(), readable);
                    Future<Map<TopicKey, Set<UUID>>> waiting = parked.parkedKeys(tx, keys(readable));
                    Future<Set<UUID>> gaps = sequenceGaps.findWithoutPredecessor(tx, readable);
                    return Future.join(claim, waiting, gaps).compose(all -> {
                        Processing spans = failures.processing();
                        Future<BatchPlan<M>> written = write(
                                tx, plan(batch, spans, claim.result(), waiting.result(), gaps.result()), unreadable);
                        spans.endWith(Transactions.outcome(tx, written.mapEmpty()));
                        return written;
                    });
                })
                .onSuccess(plan -> {
                    int first = plan.toHandle().size() + plan.toPark().size();
                    failures.count("handled", first);
                    failures.count("repeated", readable.size() - first);
                    plan.toPark().forEach(failures::reportSetAside);
                    recordDuration(plan, System.nanoTime() - begun);
                    unreadable.forEach(failures::reportDeadLetter);
                })
                .mapEmpty();
    }

    /**
     * The messages of a batch, divided into those to handle and those to park.
     *
     * @param arrived messages that parked messages wait for
     */
    private record BatchPlan<M>(List<ReceivedMessage<M>> toHandle, List<ParkRequest> toPark, List<UUID> arrived) {}

    private BatchPlan<M> plan(
            List<DecodedRecord<M>> batch,
            Processing spans,
            Set<UUID> claimed,
            Map<TopicKey, Set<UUID>> waiting,
            Set<UUID> withoutPredecessor) {
        BatchPlan<M> plan = new BatchPlan<>(new ArrayList<>(batch.size()), new ArrayList<>(), new ArrayList<>());
        Map<TopicKey, Set<UUID>> awaited = new HashMap<>(waiting);
        Set<UUID> unseen = new HashSet<>(claimed);
        Set<UUID> unreadable = new HashSet<>();
        for (DecodedRecord<M> each : batch) {
            if (!each.isDecoded()) {
                unreadable.add(each.messageId());
                continue;
            }
            // The id is removed, so that the second of two deliveries in one batch counts as a repeat.
            if (!unseen.remove(each.messageId())) {
                continue;
            }
            TopicKey key = TopicKey.of(each.source());
            Set<UUID> awaitedOfKey = key == null ? null : awaited.get(key);
            UUID previous = each.previousId();
            if (awaitedOfKey != null) {
                plan.toPark().add(ParkRequest.queued(each));
                if (awaitedOfKey.contains(each.messageId())) {
                    plan.arrived().add(each.messageId());
                }
            } else if (key != null
                    && previous != null
                    && isMissing(each, previous, unseen, unreadable, withoutPredecessor)) {
                plan.toPark()
                        .add(new ParkRequest(
                                each,
                                0,
                                SequenceGap.describe(previous),
                                options.gaps().resendAfter(),
                                previous));
                awaited.put(key, Set.of(previous));
            } else {
                plan.toHandle().add(each.toReceivedMessage(spans));
            }
        }
        return plan;
    }

    // A predecessor that comes later in the same batch is already claimed, but not handled yet.
    private static boolean isMissing(
            DecodedRecord<?> message,
            UUID previous,
            Set<UUID> unseen,
            Set<UUID> unreadable,
            Set<UUID> withoutPredecessor) {
        return unseen.contains(previous)
                || (withoutPredecessor.contains(message.messageId()) && !unreadable.contains(previous));
    }

    private Future<BatchPlan<M>> write(SqlConnection tx, BatchPlan<M> plan, List<DeadLetter> unreadable) {
        Future<Void> handled = plan.toHandle().isEmpty() ? Future.succeededFuture() : handle(tx, plan.toHandle());
        // Sent after the handler has completed, so that no statement is pipelined behind one of its statements that
        // failed.
        return handled.compose(done -> failures.park(tx, plan.toPark()))
                .compose(done -> plan.arrived().isEmpty() ? completed() : waits.makeDue(tx, plan.arrived()))
                .compose(done -> failures.deadLetter(tx, unreadable))
                .map(plan);
    }

    // One observation for each transaction. The trace of its first message stands for all.
    private void recordDuration(BatchPlan<M> plan, long nanos) {
        if (!plan.toHandle().isEmpty()) {
            tracing.inTrace(
                    plan.toHandle().getFirst().traceparent(), () -> duration.record(nanos, TimeUnit.NANOSECONDS));
        }
    }

    private static Timer duration(MeterRegistry meters, String group) {
        return Timer.builder("lockstep.consumer.transaction")
                .description("time from the start of a transaction that handles messages until its commit")
                .tag("group", group)
                .serviceLevelObjectives(BUCKETS)
                .register(meters);
    }

    private Future<Void> handle(SqlConnection tx, List<ReceivedMessage<M>> messages) {
        try {
            return handler.handle(tx, messages);
        } catch (RuntimeException thrown) {
            return Future.failedFuture(thrown);
        }
    }

    /**
     * Retries the parked messages that are due on these partitions.
     *
     * @return completes when the retries have ended, whatever their outcome; fails if the database is unavailable
     */
    public Future<Void> retryDue(RetriedPartitions partitions) {
        return parkedRetries.retryDue(partitions);
    }

    private static Future<Void> completed() {
        return Future.succeededFuture();
    }

    static DeadLetter toDeadLetter(DecodedRecord<?> record) {
        return DeadLetter.unprocessable(
                record.source(), Objects.requireNonNull(record.decodeFailure()), 1, Instant.now());
    }

    private static Set<TopicKey> keys(List<? extends DecodedRecord<?>> messages) {
        Set<TopicKey> keys = new HashSet<>();
        for (DecodedRecord<?> message : messages) {
            @Nullable TopicKey key = TopicKey.of(message.source());
            if (key != null) {
                keys.add(key);
            }
        }
        return keys;
    }
}
