package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.consumer.CrashLoopDetector.Delivery;
import dev.lockstep.messaging.delivery.BatchProcessor;
import dev.lockstep.messaging.delivery.RetriedPartitions;
import dev.lockstep.messaging.schedule.Backoff;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Delivers polled records and due parked messages to the {@link BatchProcessor}, and waits for the outcome. After a failure that no record
 * causes, such as an unavailable database, it delivers nothing for a while. Confined to the consumer's thread.
 */
final class RecordDelivery {
    private static final Logger LOGGER = LoggerFactory.getLogger(RecordDelivery.class);
    private static final Backoff BACKOFF = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));
    private static final Duration PARKED_RETRY_INTERVAL = Duration.ofMillis(250);

    /** How long {@link #deliver} takes at most: it counts the start, applies the batch, clears the count and commits the offsets. */
    static final Duration MAX_DURATION = StoredStartCounts.MAX_DURATION
            .plus(BatchProcessor.MAX_DURATION)
            .plus(StoredStartCounts.MAX_DURATION)
            .plus(OffsetCommits.MAX_COMMIT_DURATION);

    private final String group;
    private final BatchProcessor<?> processor;
    private final CrashLoopDetector crashLoopDetector;
    private final EventLoopBridge eventLoop;
    private final ConsumerProgress progress;
    private int failuresInARow;
    private long pausedUntil = System.nanoTime();
    private long nextParkedRetry = System.nanoTime() + PARKED_RETRY_INTERVAL.toNanos();

    RecordDelivery(
            String group,
            BatchProcessor<?> processor,
            CrashLoopDetector crashLoopDetector,
            EventLoopBridge eventLoop,
            ConsumerProgress progress) {
        this.group = group;
        this.processor = processor;
        this.crashLoopDetector = crashLoopDetector;
        this.eventLoop = eventLoop;
        this.progress = progress;
    }

    /** Returns for how long nothing is to be delivered. Zero or negative if there is no pause. */
    Duration pauseLeft() {
        return Duration.ofNanos(pausedUntil - System.nanoTime());
    }

    /**
     * Delivers the records once, or only one of them if it may crash the process.
     *
     * @return false if that failed, and the rest must be delivered again after {@link #pauseLeft}
     */
    boolean deliver(PolledBatch batch, OffsetCommits offsets) throws InterruptedException {
        try {
            Delivery delivery = crashLoopDetector.begin(batch.records());
            try {
                apply(batch, delivery);
            } finally {
                offsets.add(batch.nextOffsets());
                if (delivery.isCounted()) {
                    // Without this commit, the process would restart after a crash with a batch that begins at another
                    // offset, and its starts could not be counted.
                    offsets.commitSync();
                }
            }
            failuresInARow = 0;
            progress.succeeded();
            return true;
        } catch (ExecutionException e) {
            Throwable failure = EventLoopBridge.causeOf(e);
            progress.failed(batch.nextOffsetsLeft(), failure);
            pauseAfter("failed to apply a batch, retrying", failure);
            return false;
        }
    }

    private void apply(PolledBatch batch, Delivery delivery) throws ExecutionException, InterruptedException {
        progress.attemptStarted(batch.nextOffsets());
        try {
            eventLoop.await(() -> processor.apply(delivery.records(), batch::applied));
            crashLoopDetector.succeeded(delivery);
        } catch (ExecutionException failure) {
            crashLoopDetector.failed(delivery);
            throw failure;
        }
    }

    /** Retries the parked messages of these partitions that are due. */
    void retryParkedIfDue(Supplier<RetriedPartitions> partitions) throws InterruptedException {
        if (pauseLeft().isPositive() || System.nanoTime() - nextParkedRetry < 0) {
            return;
        }
        RetriedPartitions retried = partitions.get();
        long begun = System.nanoTime();
        try {
            eventLoop.await(() -> processor.retryDue(retried));
            progress.parkedRetried();
        } catch (ExecutionException e) {
            Throwable failure = EventLoopBridge.causeOf(e);
            progress.parkedFailed(failure);
            pauseAfter("failed to retry parked messages, retrying", failure);
        }
        // Polled records get at least as much time as parked messages, however many are parked.
        long ended = System.nanoTime();
        nextParkedRetry = ended + Math.max(PARKED_RETRY_INTERVAL.toNanos(), ended - begun);
    }

    /** Forgets partitions that another member may own now. */
    void forget(Collection<TopicPartition> partitions) {
        progress.revoked(partitions);
        crashLoopDetector.forget(partitions);
    }

    private void pauseAfter(String message, Throwable failure) {
        failuresInARow++;
        Duration pause = BACKOFF.after(failuresInARow);
        pausedUntil = System.nanoTime() + pause.toNanos();
        LOGGER.atWarn()
                .addKeyValue("service", group)
                .addKeyValue("error", String.valueOf(failure))
                .addKeyValue("backoffMillis", pause.toMillis())
                .log(message);
    }
}
