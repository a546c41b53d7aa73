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

/** Keeps the count of batches that were begun right, of which {@link CrashLoopDetector} makes its conclusions. For the consumer's thread. */
final class BatchStartTracker {
    private final BatchProcessor<?> processor;
    private final Awaiter awaiter;
    // Batches that were begun and failed, of which the database could not be told.
    private final Map<TopicPartition, Long> startsToClear = new HashMap<>();

    /** Waits on the consumer's thread; returns why the work failed, or null. */
    interface Awaiter {
        @Nullable
        Throwable await(Supplier<Future<Void>> work) throws InterruptedException;
    }

    BatchStartTracker(BatchProcessor<?> processor, Awaiter awaiter) {
        this.processor = processor;
        this.awaiter = awaiter;
    }

    /** A start that this very process lived through was no crash. Until the database knows that, nothing else is counted. */
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

    /** These were begun and have failed. */
    void failed(Map<TopicPartition, Long> begun) throws InterruptedException {
        startsToClear.putAll(begun);
        clearSurvivedStarts();
    }

    /** They are counted before anybody knows that there is a suspect among them, and wait while that one is handled. */
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
