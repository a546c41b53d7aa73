package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.delivery.BatchProcessor;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.delivery.CountedRecord;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.InvalidOffsetException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread behind a {@link MessageConsumer}: it polls, applies and commits in a loop. No other thread uses the Kafka client, except to
 * wake it up.
 */
final class PollLoop<M> {
    private static final Logger LOGGER = LoggerFactory.getLogger(PollLoop.class);
    private static final Duration IDLE_POLL = Duration.ofMillis(500);
    private static final long PARKED_RETRY_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final long MAX_APPLY_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long INITIAL_BACKOFF_MILLIS = 100;
    private static final long MAX_BACKOFF_MILLIS = 5_000;
    private static final long CLOCK_CHECK_INTERVAL_MILLIS = 1_000;
    // A step is one poll, one commit, or one batch, which takes about a minute at worst. An unavailable database stalls
    // nothing.
    private static final long STALL_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final Context context;
    private final ConsumerOptions options;
    private final BatchProcessor<M> processor;
    private final Predicate<String> accepts;
    private final BrokerOffsets broker;
    private final StartPositionResolver startPositions;
    private final ConsumerLag lag;
    private final EventLoopBridge eventLoop;
    private final ConsumerProgress progress = new ConsumerProgress(System::nanoTime, STALL_NANOS);
    private final BatchStartTracker batchStarts;
    private final Thread thread;
    private final Promise<Void> ended = Promise.promise();

    // Confined to the consumer's thread.
    private final CrashLoopDetector crashLoopDetector = new CrashLoopDetector();
    // Partitions with a batch that was applied, and whose offsets were committed, since the partition was assigned.
    private final Set<TopicPartition> committedSinceAssignment = new HashSet<>();
    private long nextParkedRetry = System.nanoTime() + PARKED_RETRY_INTERVAL_NANOS;
    private long resumeAt;
    private long backoffMillis;

    // Confined to the context.
    private long clockTimer = -1;
    private long lastClockMillis = System.currentTimeMillis();

    private volatile boolean stopping;
    private volatile boolean recreating;
    private volatile @Nullable KafkaConsumer<byte[], byte[]> current;
    private volatile @Nullable String problem = "has not joined its group yet";

    PollLoop(
            Context context,
            ConsumerOptions options,
            BatchProcessor<M> processor,
            Predicate<String> accepts,
            StartPositionResolver startPositions,
            BrokerOffsets broker,
            ConsumerLag lag) {
        this.context = context;
        this.options = options;
        this.processor = processor;
        this.accepts = accepts;
        this.startPositions = startPositions;
        this.broker = broker;
        this.lag = lag;
        this.eventLoop = new EventLoopBridge(context);
        this.batchStarts = new BatchStartTracker(processor, this::await);
        this.thread =
                Thread.ofPlatform().name("consumer-" + options.group()).daemon().unstarted(this::run);
    }

    void start() {
        clockTimer = context.owner().setPeriodic(CLOCK_CHECK_INTERVAL_MILLIS, tick -> recreateIfClockSetBack());
        lag.start();
        thread.start();
    }

    /** Asks the thread to end. Completes once it has ended, however often this is called. */
    Future<Void> stop() {
        stopping = true;
        context.owner().cancelTimer(clockTimer);
        wakeUp();
        if (thread.getState() == Thread.State.NEW) {
            closeBroker();
            ended.tryComplete();
        }
        return ended.future();
    }

    private void closeBroker() {
        lag.close();
        broker.close();
    }

    @Nullable
    String problem() {
        @Nullable String current = progress.problem() == null ? problem : progress.problem();
        return current == null ? null : options.group() + " " + current;
    }

    /**
     * Returns why the thread makes no progress any more, so that only a new process helps. Empty as long as it makes progress, and while it
     * is being stopped.
     */
    Optional<String> stall() {
        return stopping ? Optional.empty() : progress.stall().map(reason -> options.group() + ": " + reason);
    }

    // Kafka's clients measure waits by the time of day. After the clock was set back, a client polls but sends no
    // heartbeat until the old time is reached again. It does not detect this itself.
    private void recreateIfClockSetBack() {
        long now = System.currentTimeMillis();
        boolean setBack = now < lastClockMillis;
        lastClockMillis = now;
        if (setBack) {
            LOGGER.atWarn()
                    .addKeyValue("service", options.group())
                    .log("the clock was set back, recreating the Kafka consumer");
            recreating = true;
            wakeUp();
        }
    }

    private void wakeUp() {
        KafkaConsumer<byte[], byte[]> consumer = current;
        if (consumer != null) {
            consumer.wakeup();
        }
    }

    private void run() {
        try {
            while (!stopping) {
                runConsumer();
            }
        } finally {
            problem = "has stopped";
            closeBroker();
            progress.threadEnded();
            context.runOnContext(end -> ended.tryComplete());
        }
    }

    private void runConsumer() {
        // While no broker name can be resolved, the constructor fails repeatedly. That counts as progress for the
        // liveness check: a restart of the process would not help.
        progress.step();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(options.kafkaProperties())) {
            recreating = false;
            current = consumer;
            committedSinceAssignment.clear();
            OffsetCommits offsets = new OffsetCommits(consumer, options.group());
            GroupMembershipHealth heartbeats = new GroupMembershipHealth(consumer, options);
            PartitionPositions positions =
                    new PartitionPositions(consumer, options, offsets, broker, startPositions, eventLoop);
            PartitionPauses pauses = new PartitionPauses(consumer, options, positions, accepts);
            consumer.subscribe(
                    options.topics(),
                    new RebalanceListener(
                            options.group(),
                            offsets,
                            positions,
                            this::forget,
                            () -> updatePauses(consumer, offsets, pauses)));
            while (!stopping && !recreating) {
                pollOnce(consumer, offsets, heartbeats, positions, pauses);
            }
            offsets.commitSync();
            positions.save();
        } catch (WakeupException wakeup) {
            LOGGER.atDebug().addKeyValue("service", options.group()).log("consumer woken up");
        } catch (RuntimeException failure) {
            // The thread continues after any failure. If it ended, its partitions would not be read until the session
            // times out, and the process would look alive.
            problem = "cannot consume: " + failure.getMessage();
            LOGGER.atWarn()
                    .addKeyValue("service", options.group())
                    .addKeyValue("error", String.valueOf(failure))
                    .log("the Kafka consumer failed, recreating it");
            pauseThread(MAX_BACKOFF_MILLIS / 5);
        } catch (InterruptedException interrupted) {
            stopping = true;
        } finally {
            current = null;
        }
    }

    private void pollOnce(
            KafkaConsumer<byte[], byte[]> consumer,
            OffsetCommits offsets,
            GroupMembershipHealth heartbeats,
            PartitionPositions positions,
            PartitionPauses pauses)
            throws InterruptedException {
        progress.step();
        positions.resolve(lag.logs());
        long wait = updatePauses(consumer, offsets, pauses);
        ConsumerRecords<byte[], byte[]> records;
        try {
            records = consumer.poll(Duration.ofMillis(wait));
        } catch (InvalidOffsetException invalidOffset) {
            positions.invalidate(invalidOffset.partitions());
            return;
        } catch (WakeupException wakeup) {
            if (stopping || recreating) {
                return;
            }
            throw wakeup;
        }
        progress.step();
        positions.applied(records, records.isEmpty() ? records : apply(consumer, records, offsets));
        if (positions.problem() != null) {
            problem = positions.problem();
        } else if (records.isEmpty() && resumeAt == 0) {
            updateHealth(consumer, heartbeats);
        }
        retryParkedIfDue(consumer);
        if (offsets.isDue(records.isEmpty())) {
            offsets.commitAsync();
        }
    }

    private void updateHealth(KafkaConsumer<byte[], byte[]> consumer, GroupMembershipHealth heartbeats) {
        // A member without partitions is healthy too, but only once the coordinator has confirmed its membership.
        if (heartbeats.hasJoined()
                || !consumer.assignment().isEmpty()
                || consumer.groupMetadata().generationId() >= 0) {
            problem = heartbeats.problem();
        }
    }

    private long updatePauses(KafkaConsumer<byte[], byte[]> consumer, OffsetCommits offsets, PartitionPauses pauses) {
        long now = System.nanoTime();
        if (resumeAt != 0 && now < resumeAt) {
            consumer.pause(consumer.assignment());
            return Math.clamp(TimeUnit.NANOSECONDS.toMillis(resumeAt - now), 1, IDLE_POLL.toMillis());
        }
        resumeAt = 0;
        return pauses.update() || offsets.hasUncommitted() ? 20 : IDLE_POLL.toMillis();
    }

    // Records that are held back while a suspect is handled alone are taken from the polled records. Fetching them
    // again would cost half a second for each record, because the fetch for the records behind them is already in
    // flight. Returns the records that are left.
    private ConsumerRecords<byte[], byte[]> apply(
            KafkaConsumer<byte[], byte[]> consumer, ConsumerRecords<byte[], byte[]> polled, OffsetCommits offsets)
            throws InterruptedException {
        long begun = System.nanoTime();
        ConsumerRecords<byte[], byte[]> left = polled;
        boolean applied;
        do {
            Map<TopicPartition, Long> next = new ConcurrentHashMap<>();
            for (TopicPartition partition : left.partitions()) {
                next.put(partition, left.records(partition).getFirst().offset());
            }
            applied = applyOnce(left, next, offsets);
            left = CrashLoopDetector.remaining(left, next);
        } while (applied && !left.isEmpty() && !stopping && !recreating && System.nanoTime() - begun < MAX_APPLY_NANOS);
        for (TopicPartition partition : left.partitions()) {
            consumer.seek(partition, left.records(partition).getFirst().offset());
        }
        return left;
    }

    /**
     * Applies the records once.
     *
     * @param next the next offset of each partition; advanced as records are applied
     * @return false if that failed, and the rest must be retried later
     */
    private boolean applyOnce(
            ConsumerRecords<byte[], byte[]> records, Map<TopicPartition, Long> next, OffsetCommits offsets)
            throws InterruptedException {
        @Nullable TopicPartition known = crashLoopDetector.partitionToIsolate(records);
        // After a crash, the process restarts at its committed offsets. It is enough to count the batch that begins
        // there.
        Map<TopicPartition, Long> begun = new HashMap<>(next);
        begun.keySet()
                .removeIf(partition ->
                        committedSinceAssignment.contains(partition) || (known != null && !known.equals(partition)));
        Map<TopicPartition, Integer> starts = new HashMap<>();
        @Nullable Throwable failure = batchStarts.clearSurvivedStarts();
        if (failure != null) {
            begun.clear();
        } else if (!begun.isEmpty()) {
            failure = await(
                    () -> processor.countStarts(begun).onSuccess(starts::putAll).mapEmpty());
        }
        if (failure == null) {
            crashLoopDetector.recordStarts(records, starts);
            @Nullable TopicPartition alone = crashLoopDetector.partitionToIsolate(records);
            failure = batchStarts.undoStartsExcept(alone, begun);
        }
        if (failure == null) {
            List<CountedRecord> deliveries =
                    CrashLoopDetector.selectRecords(records, starts, crashLoopDetector.partitionToIsolate(records));
            progress.attemptStarted(next);
            failure = await(() -> processor.apply(deliveries, applied -> {
                for (ConsumerRecord<byte[], byte[]> each : applied) {
                    next.merge(partitionOf(each), each.offset() + 1, Math::max);
                }
            }));
        }
        offsets.add(next);
        if (failure == null) {
            backoffMillis = 0;
            problem = null;
            progress.succeeded();
        } else {
            progress.failed(ConsumerProgress.remainingPositions(records, next), failure);
            batchStarts.failed(begun);
            backOff(failure);
        }
        if (!begun.isEmpty()) {
            // Without this commit, the process would restart after a crash with a batch that begins at another offset,
            // and its starts could not be counted.
            offsets.commitSync();
        }
        if (failure == null) {
            begun.keySet().stream().filter(crashLoopDetector::isCleared).forEach(committedSinceAssignment::add);
        }
        return failure == null;
    }

    private static TopicPartition partitionOf(ConsumerRecord<?, ?> record) {
        return new TopicPartition(record.topic(), record.partition());
    }

    private void backOff(Throwable failure) {
        backoffMillis = backoffMillis == 0 ? INITIAL_BACKOFF_MILLIS : Math.min(backoffMillis * 2, MAX_BACKOFF_MILLIS);
        resumeAt = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(backoffMillis);
        LOGGER.atWarn()
                .addKeyValue("service", options.group())
                .addKeyValue("error", String.valueOf(failure))
                .addKeyValue("backoffMillis", backoffMillis)
                .log("failed to apply a batch, retrying");
    }

    private @Nullable Throwable await(Supplier<Future<Void>> steps) throws InterruptedException {
        @Nullable Throwable failure = eventLoop.await(steps);
        progress.step();
        return failure;
    }

    private void retryParkedIfDue(KafkaConsumer<byte[], byte[]> consumer) throws InterruptedException {
        if (resumeAt != 0 || System.nanoTime() - nextParkedRetry < 0) {
            return;
        }
        Set<TopicPartition> assigned = Set.copyOf(consumer.assignment());
        long begun = System.nanoTime();
        @Nullable Throwable failure = await(() -> processor.retryDue(assigned));
        long took = System.nanoTime() - begun;
        // However many messages are parked, polled records get at least as much time as they do.
        nextParkedRetry = System.nanoTime() + Math.max(PARKED_RETRY_INTERVAL_NANOS, took);
        if (failure != null) {
            progress.parkedFailed(failure);
            backOff(failure);
        } else {
            progress.parkedRetried();
        }
    }

    private static void pauseThread(long millis) {
        java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    private void forget(Collection<TopicPartition> partitions) {
        progress.revoked(partitions);
        partitions.forEach(crashLoopDetector::forget);
        committedSinceAssignment.removeAll(partitions);
        batchStarts.forget(partitions);
    }
}
