package dev.lockstep.messaging.consumer;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Tracks the progress of a consumer's thread for the health checks. A batch that is retried repeatedly is a problem, but its thread still
 * makes progress. A thread that completes no steps any more is stalled, and only a new process helps. The consumer's thread writes; any
 * thread may read.
 */
final class ConsumerProgress {
    private static final long LONG_BATCH_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int MAX_NAMED = 3;

    private final LongSupplier nanoTime;
    private final long stallNanos;
    private volatile long lastStep;
    private volatile boolean threadEnded;
    private volatile @Nullable Attempt attempt;
    private volatile @Nullable Failure failure;
    private volatile @Nullable Failure parkedFailure;
    private volatile @Nullable String reported;

    /** @param stallNanos longer than any single step of the thread can take while the process itself works correctly */
    ConsumerProgress(LongSupplier nanoTime, long stallNanos) {
        this.nanoTime = nanoTime;
        this.stallNanos = stallNanos;
        this.lastStep = nanoTime.getAsLong();
    }

    private record Attempt(Map<TopicPartition, Long> positions, long since) {}

    private record Failure(Map<TopicPartition, Long> positions, String reason, long since) {}

    /** Records that the thread has completed a step and continues. */
    void step() {
        lastStep = nanoTime.getAsLong();
    }

    /** Records that the thread has ended. */
    void threadEnded() {
        threadEnded = true;
    }

    /** Records that a batch is about to be applied. */
    void attemptStarted(Map<TopicPartition, Long> positions) {
        attempt = new Attempt(Map.copyOf(positions), nanoTime.getAsLong());
    }

    /** Records that the batch was applied. */
    void succeeded() {
        attempt = null;
        failure = null;
        reported = null;
    }

    /** Records why no records are polled, or null if they are. */
    void report(@Nullable String problem) {
        reported = problem;
    }

    /** Records that the batch failed and will be retried. The positions are those of the partitions that cannot proceed. */
    void failed(Map<TopicPartition, Long> positions, Throwable cause) {
        attempt = null;
        failure = failureSince(positions, cause, failure);
    }

    /** Records that parked messages could not be retried. */
    void parkedFailed(Throwable cause) {
        parkedFailure = failureSince(Map.of(), cause, parkedFailure);
    }

    private Failure failureSince(Map<TopicPartition, Long> positions, Throwable cause, @Nullable Failure before) {
        return new Failure(
                Map.copyOf(positions),
                String.valueOf(cause.getMessage()),
                before == null ? nanoTime.getAsLong() : before.since());
    }

    /** Records that parked messages could be retried. */
    void parkedRetried() {
        parkedFailure = null;
    }

    /** Removes the failure of partitions that another member reads now. */
    void revoked(Iterable<TopicPartition> partitions) {
        Failure now = failure;
        if (now != null) {
            Map<TopicPartition, Long> left = new HashMap<>(now.positions());
            partitions.forEach(left::remove);
            failure = left.isEmpty() ? null : new Failure(Map.copyOf(left), now.reason(), now.since());
        }
    }

    /** Returns why messages are not being polled or applied, or null if they are. */
    @Nullable
    String problem() {
        Failure failing = failure == null ? parkedFailure : failure;
        if (failing != null) {
            return "cannot apply " + describe(failing.positions()) + " for " + seconds(failing.since())
                    + " s, retrying: " + failing.reason();
        }
        Attempt running = attempt;
        if (running != null && nanoTime.getAsLong() - running.since() > LONG_BATCH_NANOS) {
            return "has been applying " + describe(running.positions()) + " for " + seconds(running.since()) + " s";
        }
        return reported;
    }

    /** Returns why the thread makes no progress, or empty if it does. */
    Optional<String> stall() {
        if (threadEnded) {
            return Optional.of("the consumer thread has ended");
        }
        long last = lastStep;
        if (nanoTime.getAsLong() - last <= stallNanos) {
            return Optional.empty();
        }
        Attempt running = attempt;
        return Optional.of("the consumer thread has made no progress for " + seconds(last) + " s"
                + (running == null ? "" : ", while applying " + describe(running.positions())));
    }

    private long seconds(long since) {
        return TimeUnit.NANOSECONDS.toSeconds(nanoTime.getAsLong() - since);
    }

    private static String describe(Map<TopicPartition, Long> positions) {
        if (positions.isEmpty()) {
            return "parked messages";
        }
        String named = positions.entrySet().stream()
                .sorted(Map.Entry.comparingByKey(
                        Comparator.comparing(TopicPartition::topic).thenComparingInt(TopicPartition::partition)))
                .limit(MAX_NAMED)
                .map(each -> "topic " + each.getKey().topic() + " partition "
                        + each.getKey().partition() + " from offset " + each.getValue())
                .collect(Collectors.joining(", "));
        return positions.size() > MAX_NAMED ? named + " and " + (positions.size() - MAX_NAMED) + " more" : named;
    }
}
