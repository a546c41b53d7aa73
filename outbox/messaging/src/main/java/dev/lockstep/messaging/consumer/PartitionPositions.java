package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.consumer.BrokerOffsets.PartitionLog;
import dev.lockstep.messaging.consumer.PartitionStart.StoredPosition;
import dev.lockstep.messaging.consumer.StartPositionResolver.StartDecisions;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.delivery.RetriedPartitions;
import dev.lockstep.messaging.failure.KafkaFailure;
import dev.lockstep.messaging.record.MessageIds;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tracks the read position of each assigned partition of one Kafka client. A partition whose position is unknown is paused until the broker
 * and the database have supplied it. Confined to the thread of the client's {@link PollLoop}.
 */
final class PartitionPositions {
    private static final Logger LOGGER = LoggerFactory.getLogger(PartitionPositions.class);
    private static final long LOOKUP_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long SAVE_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final String LATEST = "latest";
    private static final String BY_DURATION = "by_duration:";

    private final Consumer<byte[], byte[]> consumer;
    private final ConsumerOptions options;
    private final OffsetCommits offsets;
    private final BrokerOffsets broker;
    private final StartPositionResolver startPositions;
    private final EventLoopBridge eventLoop;
    private final Supplier<Map<TopicPartition, PartitionLog>> measured;
    private final Set<TopicPartition> unknown = new HashSet<>();
    private final Map<TopicPartition, StoredPosition> applied = new HashMap<>();
    private final Set<TopicPartition> unsaved = new HashSet<>();
    private long nextLookup = System.nanoTime();
    private long nextSave = System.nanoTime() + SAVE_INTERVAL_NANOS;
    private @Nullable String problem;

    /** @param measured returns the latest measurement of every partition of the topics */
    PartitionPositions(
            Consumer<byte[], byte[]> consumer,
            ConsumerOptions options,
            OffsetCommits offsets,
            BrokerOffsets broker,
            StartPositionResolver startPositions,
            EventLoopBridge eventLoop,
            Supplier<Map<TopicPartition, PartitionLog>> measured) {
        this.consumer = consumer;
        this.options = options;
        this.offsets = offsets;
        this.broker = broker;
        this.startPositions = startPositions;
        this.eventLoop = eventLoop;
        this.measured = measured;
    }

    /** Must be called inside the rebalance, so that no partition is read before its position is known. */
    void assigned(Collection<TopicPartition> partitions) {
        if (partitions.isEmpty()) {
            return;
        }
        unknown.addAll(partitions);
        consumer.pause(partitions);
        nextLookup = System.nanoTime();
        try {
            lookUpIfDue();
        } catch (InterruptedException interrupted) {
            throw new InterruptException(interrupted);
        }
    }

    /** Stores how far partitions were read, for their next owner. */
    void saveNow() {
        try {
            save();
        } catch (InterruptedException interrupted) {
            throw new InterruptException(interrupted);
        }
    }

    void forget(Collection<TopicPartition> partitions) {
        unknown.removeAll(partitions);
        applied.keySet().removeAll(partitions);
        unsaved.removeAll(partitions);
    }

    /** Handles partitions for which the client has no position, or one that does not exist. */
    void invalidate(Collection<TopicPartition> partitions) {
        unknown.addAll(partitions);
        consumer.pause(partitions);
        // Without a valid position the next poll would fail in the same way. Nothing is fetched from this one, as the
        // partitions are paused.
        consumer.seekToBeginning(partitions);
    }

    boolean isKnown(TopicPartition partition) {
        return !unknown.contains(partition);
    }

    boolean allKnown() {
        return unknown.isEmpty();
    }

    /** Returns why the positions of some partitions are unknown, or null. */
    @Nullable
    String problem() {
        return unknown.isEmpty() ? null : problem;
    }

    /** Returns the partitions whose parked messages this member retries. */
    RetriedPartitions toRetry() {
        return RetriedPartitions.of(consumer.assignment(), measured.get().keySet());
    }

    /** Detects recreated topics, looks up unknown positions at most once a second, and stores the applied positions when that is due. */
    void resolve() throws InterruptedException {
        invalidateRecreatedTopics();
        lookUpIfDue();
        saveIfDue();
    }

    private void invalidateRecreatedTopics() {
        Map<TopicPartition, PartitionLog> logs = measured.get();
        List<TopicPartition> gone = new ArrayList<>();
        applied.forEach((partition, position) -> {
            PartitionLog log = logs.get(partition);
            if (log != null && !log.topicId().equals(position.topicId()) && isKnown(partition)) {
                gone.add(partition);
            }
        });
        if (!gone.isEmpty()) {
            invalidate(gone);
        }
    }

    private void lookUpIfDue() throws InterruptedException {
        if (unknown.isEmpty() || System.nanoTime() - nextLookup < 0) {
            return;
        }
        @Nullable Throwable failure = lookUp(Set.copyOf(unknown));
        nextLookup = System.nanoTime() + LOOKUP_INTERVAL_NANOS;
        if (failure == null && !unknown.isEmpty()) {
            failure = new KafkaException("the partitions have no leader or are unknown to the broker");
        }
        if (failure != null) {
            (problem == null ? LOGGER.atWarn() : LOGGER.atDebug())
                    .addKeyValue("service", options.group())
                    .addKeyValue("partitions", unknown)
                    .addKeyValue("error", String.valueOf(failure))
                    .log("cannot determine the start position of partitions, retrying every second");
        }
        problem =
                failure == null ? null : "cannot determine the start position of " + unknown + ": " + describe(failure);
    }

    private static String describe(Throwable failure) {
        return KafkaFailure.describe(failure)
                .map(refusal -> "Kafka " + refusal)
                .orElse(String.valueOf(failure.getMessage()));
    }

    private @Nullable Throwable lookUp(Set<TopicPartition> partitions) throws InterruptedException {
        Set<String> topics = new HashSet<>();
        partitions.forEach(partition -> topics.add(partition.topic()));
        try {
            Map<TopicPartition, PartitionLog> logs = new HashMap<>(broker.read(topics));
            Set<TopicPartition> existing = new HashSet<>(partitions);
            existing.retainAll(logs.keySet());
            Map<TopicPartition, StoredPosition> newest = new HashMap<>(applied);
            newest.keySet().retainAll(existing);
            // An applied position counts as committed, because its commit may still be in flight.
            newest.forEach((partition, position) -> logs.computeIfPresent(
                    partition,
                    (same, log) -> log.topicId().equals(position.topicId())
                            ? new PartitionLog(log.topicId(), log.begin(), log.end(), position.nextOffset())
                            : log));
            Map<TopicPartition, Long> firsts = initialOffsets(logs);
            seekToStarts(logs, eventLoop.await(() -> startPositions.decide(existing, logs, firsts, newest)));
            return null;
        } catch (KafkaException failure) {
            return failure;
        } catch (ExecutionException failure) {
            return EventLoopBridge.causeOf(failure);
        }
    }

    private void seekToStarts(Map<TopicPartition, PartitionLog> logs, StartDecisions decided) {
        decided.starts().forEach((partition, start) -> {
            PartitionLog log = Objects.requireNonNull(logs.get(partition));
            consumer.seek(partition, start.offset());
            boolean moved = log.committed() == null ? start.offset() > log.begin() : log.committed() != start.offset();
            if (moved || start.lost() != null) {
                offsets.forget(Set.of(partition));
                offsets.add(Map.of(partition, start.offset()));
            }
            StoredPosition known = Objects.requireNonNull(decided.known().get(partition));
            applied.put(partition, new StoredPosition(known.topicId(), start.offset(), null, null));
            unsaved.remove(partition);
            unknown.remove(partition);
        });
    }

    private Map<TopicPartition, Long> initialOffsets(Map<TopicPartition, PartitionLog> logs)
            throws InterruptedException {
        String first = options.autoOffsetReset();
        Map<TopicPartition, Long> firsts = new HashMap<>();
        logs.forEach((partition, log) -> firsts.put(partition, first.equals(LATEST) ? log.end() : log.begin()));
        if (first.startsWith(BY_DURATION)) {
            long timestamp = Instant.now()
                    .minus(Duration.parse(first.substring(BY_DURATION.length())))
                    .toEpochMilli();
            broker.offsetsForTime(logs.keySet(), timestamp)
                    .forEach((partition, offset) -> firsts.put(
                            partition,
                            offset < 0
                                    ? Objects.requireNonNull(logs.get(partition))
                                            .end()
                                    : offset));
        }
        return firsts;
    }

    /**
     * Records the applied positions. Also commits positions behind records that no consumer sees: the records and the marker of an aborted
     * transaction.
     *
     * @param left the polled records that are still to be applied
     */
    void applied(ConsumerRecords<byte[], byte[]> polled, ConsumerRecords<byte[], byte[]> left) {
        Map<TopicPartition, Long> through = new HashMap<>();
        polled.nextOffsets().forEach((partition, next) -> {
            if (!left.partitions().contains(partition) && isKnown(partition)) {
                through.put(partition, next.offset());
                recordApplied(partition, next.offset(), null);
            }
        });
        offsets.add(through);
        for (TopicPartition partition : polled.partitions()) {
            long next = left.partitions().contains(partition)
                    ? left.records(partition).getFirst().offset()
                    : Long.MAX_VALUE;
            polled.records(partition).stream()
                    .filter(record -> record.offset() < next)
                    .reduce((one, later) -> later)
                    .ifPresent(last -> recordApplied(partition, last.offset() + 1, last));
        }
    }

    private void recordApplied(TopicPartition partition, long next, @Nullable ConsumerRecord<byte[], byte[]> last) {
        applied.computeIfPresent(partition, (same, before) -> {
            unsaved.add(partition);
            return new StoredPosition(
                    before.topicId(),
                    Math.max(before.nextOffset(), next),
                    last == null ? before.messageTime() : MessageIds.writtenAt(last),
                    null);
        });
    }

    private void saveIfDue() throws InterruptedException {
        if (!unsaved.isEmpty() && System.nanoTime() - nextSave >= 0) {
            save();
        }
    }

    /** Stores the applied positions if the database can be reached. A later save repeats a failed one, and nothing depends on it. */
    void save() throws InterruptedException {
        nextSave = System.nanoTime() + SAVE_INTERVAL_NANOS;
        Map<TopicPartition, StoredPosition> newest = new HashMap<>(applied);
        newest.keySet().retainAll(unsaved);
        if (newest.isEmpty()) {
            return;
        }
        try {
            eventLoop.await(() -> startPositions.advance(newest));
            unsaved.clear();
        } catch (ExecutionException failure) {
            LOGGER.atDebug()
                    .setCause(failure)
                    .addKeyValue("service", options.group())
                    .log("failed to store the applied positions");
        }
    }
}
