package dev.lockstep.messaging.consumer;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * How a consumer's thread gets on, for health. A batch that is tried again and again is a problem, and the thread still makes progress;
 * only one that does nothing any more is stalled, and only a new process helps. Written by that thread, read by any.
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
    private volatile @Nullable Failure parkedSetback;

    /** @param stallNanos longer than any single step of the thread can take while nothing is wrong with the process itself */
    ConsumerProgress(LongSupplier nanoTime, long stallNanos) {
        this.nanoTime = nanoTime;
        this.stallNanos = stallNanos;
        this.lastStep = nanoTime.getAsLong();
    }

    private record Attempt(Map<TopicPartition, Long> positions, long since) {}

    private record Failure(Map<TopicPartition, Long> positions, String reason, long since) {}

    /** The thread has done something and goes on. */
    void step() {
        lastStep = nanoTime.getAsLong();
    }

    /** The thread does nothing any more. */
    void threadEnded() {
        threadEnded = true;
    }

    /** A batch is about to be applied. */
    void attemptStarted(Map<TopicPartition, Long> positions) {
        attempt = new Attempt(Map.copyOf(positions), nanoTime.getAsLong());
    }

    /** It is applied. */
    void succeeded() {
        attempt = null;
        failure = null;
    }

    /** It is to be tried again: these partitions cannot go on, and from where. */
    void failed(Map<TopicPartition, Long> positions, Throwable cause) {
        attempt = null;
        failure = setback(positions, cause, failure);
    }

    /** Parked messages could not be tried. */
    void parkedFailed(Throwable cause) {
        parkedSetback = setback(Map.of(), cause, parkedSetback);
    }

    private Failure setback(Map<TopicPartition, Long> positions, Throwable cause, @Nullable Failure before) {
        return new Failure(
                Map.copyOf(positions),
                String.valueOf(cause.getMessage()),
                before == null ? nanoTime.getAsLong() : before.since());
    }

    /** Parked messages could be tried. */
    void parkedRetried() {
        parkedSetback = null;
    }

    /** Another member reads these partitions now. */
    void revoked(Iterable<TopicPartition> partitions) {
        Failure now = failure;
        if (now != null) {
            Map<TopicPartition, Long> left = new HashMap<>(now.positions());
            partitions.forEach(left::remove);
            failure = left.isEmpty() ? null : new Failure(Map.copyOf(left), now.reason(), now.since());
        }
    }

    /** Why messages are not being applied, or null when they are. */
    @Nullable
    String problem() {
        Failure failing = failure == null ? parkedSetback : failure;
        if (failing != null) {
            return "cannot apply " + describe(failing.positions()) + ", for " + seconds(failing.since())
                    + " s now, and keeps trying: " + failing.reason();
        }
        Attempt running = attempt;
        if (running != null && nanoTime.getAsLong() - running.since() > LONG_BATCH_NANOS) {
            return "has been applying " + describe(running.positions()) + " for " + seconds(running.since()) + " s";
        }
        return null;
    }

    /** Why the thread does not get anywhere any more, or empty as long as it does. */
    Optional<String> stall() {
        if (threadEnded) {
            return Optional.of("its thread has ended");
        }
        long last = lastStep;
        if (nanoTime.getAsLong() - last <= stallNanos) {
            return Optional.empty();
        }
        Attempt running = attempt;
        return Optional.of("its thread has made no progress for " + seconds(last) + " s"
                + (running == null ? "" : ", while applying " + describe(running.positions())));
    }

    /** The positions of those partitions that have records left. */
    static Map<TopicPartition, Long> remainingPositions(
            ConsumerRecords<byte[], byte[]> records, Map<TopicPartition, Long> next) {
        Map<TopicPartition, Long> positions = new HashMap<>(next);
        positions
                .entrySet()
                .removeIf(each -> each.getValue()
                        > records.records(each.getKey()).getLast().offset());
        return positions;
    }

    private long seconds(long since) {
        return TimeUnit.NANOSECONDS.toSeconds(nanoTime.getAsLong() - since);
    }

    private static String describe(Map<TopicPartition, Long> positions) {
        if (positions.isEmpty()) {
            return "its parked messages";
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
