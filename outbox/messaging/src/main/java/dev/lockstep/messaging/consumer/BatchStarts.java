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

/** Keeps the count of batches that were begun right, of which {@link Suspicion} makes its conclusions. For the consumer's thread. */
final class BatchStarts {
    private final BatchProcessor<?> processor;
    private final Waiting waiting;
    // Batches that were begun and failed, of which the database could not be told.
    private final Map<TopicPartition, Long> unsettled = new HashMap<>();

    /** Waits on the consumer's thread; returns why the work failed, or null. */
    interface Waiting {
        @Nullable
        Throwable await(Supplier<Future<Void>> work) throws InterruptedException;
    }

    BatchStarts(BatchProcessor<?> processor, Waiting waiting) {
        this.processor = processor;
        this.waiting = waiting;
    }

    /** A start that this very process lived through was no crash. Until the database knows that, nothing else is counted. */
    @Nullable
    Throwable settle() throws InterruptedException {
        if (unsettled.isEmpty()) {
            return null;
        }
        @Nullable Throwable failure = waiting.await(() -> processor.survived(Map.copyOf(unsettled)));
        if (failure == null) {
            unsettled.clear();
        }
        return failure;
    }

    /** These were begun and have failed. */
    void failed(Map<TopicPartition, Long> begun) throws InterruptedException {
        unsettled.putAll(begun);
        settle();
    }

    /** They are counted before anybody knows that there is a suspect among them, and wait while that one is handled. */
    @Nullable
    Throwable spareAllBut(@Nullable TopicPartition alone, Map<TopicPartition, Long> begun) throws InterruptedException {
        if (alone == null) {
            return null;
        }
        Map<TopicPartition, Long> spared = new HashMap<>(begun);
        spared.remove(alone);
        begun.keySet().retainAll(Set.of(alone));
        return spared.isEmpty() ? null : waiting.await(() -> processor.spare(spared));
    }

    void forget(Collection<TopicPartition> partitions) {
        unsettled.keySet().removeAll(partitions);
    }
}
