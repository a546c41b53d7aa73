package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.delivery.BatchProcessor;
import io.vertx.core.Future;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Keeps the counts of started batches correct, so that {@link CrashLoopDetector} can rely on them. Confined to the consumer's thread. */
final class BatchStartTracker {
    private final BatchProcessor<?> processor;
    private final Awaiter awaiter;
    // Batches that were started and failed, and whose counts have not been cleared in the database yet.
    private final Map<TopicPartition, Long> startsToClear = new HashMap<>();

    /** Runs the work and blocks the consumer's thread until it has ended. Returns the failure, or null. */
    interface Awaiter {
        @Nullable
        Throwable await(Supplier<Future<Void>> work) throws InterruptedException;
    }

    BatchStartTracker(BatchProcessor<?> processor, Awaiter awaiter) {
        this.processor = processor;
        this.awaiter = awaiter;
    }

    /**
     * Clears the counts of the starts that this process survived: they were not crashes. Until the database has cleared them, no other
     * start is counted. Returns the failure, or null.
     */
    @Nullable
    Throwable clearSurvivedStarts() throws InterruptedException {
        if (startsToClear.isEmpty()) {
            return null;
        }
        @Nullable Throwable failure = awaiter.await(() -> processor.clearStarts(Map.copyOf(startsToClear)));
        if (failure == null) {
            startsToClear.clear();
        }
        return failure;
    }

    /** Records that these batches were started and have failed, and clears their counts. */
    void failed(Map<TopicPartition, Long> begun) throws InterruptedException {
        startsToClear.putAll(begun);
        clearSurvivedStarts();
    }

    /**
     * Undoes the starts of all batches except that of the isolated partition. They were counted before the detector knew of a suspect among
     * them, and they wait while the suspect is handled. Returns the failure, or null.
     */
    @Nullable
    Throwable undoStartsExcept(@Nullable TopicPartition alone, Map<TopicPartition, Long> begun)
            throws InterruptedException {
        if (alone == null) {
            return null;
        }
        Map<TopicPartition, Long> spared = new HashMap<>(begun);
        spared.remove(alone);
        begun.keySet().retainAll(Set.of(alone));
        return spared.isEmpty() ? null : awaiter.await(() -> processor.undoStart(spared));
    }

    void forget(Collection<TopicPartition> partitions) {
        startsToClear.keySet().removeAll(partitions);
    }
}
