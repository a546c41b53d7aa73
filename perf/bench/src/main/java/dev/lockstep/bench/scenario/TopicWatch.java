package dev.lockstep.bench.scenario;

import dev.lockstep.bench.BenchException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;

/** Reads the new records of topics on a thread of its own, and notes when each of them was readable. */
final class TopicWatch implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration JOIN_LIMIT = Duration.ofSeconds(10);

    /** Gets each record. */
    @FunctionalInterface
    interface Listener {
        /** @param at the {@link System#nanoTime()} at which a poll returned the record */
        void read(String topic, String key, long at);
    }

    private final KafkaConsumer<String, byte[]> consumer;
    private final Listener listener;
    private final Thread thread;
    private volatile @Nullable RuntimeException failure;
    private volatile boolean closed;

    private TopicWatch(String bootstrapServers, Collection<TopicPartition> partitions, Listener listener) {
        this.listener = listener;
        this.consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers", bootstrapServers,
                        "enable.auto.commit", "false",
                        "isolation.level", "read_committed",
                        "fetch.max.wait.ms", "500",
                        "fetch.min.bytes", "1"),
                new StringDeserializer(),
                new ByteArrayDeserializer());
        consumer.assign(partitions);
        consumer.seekToEnd(partitions);
        // The position is fetched now, so that no record written after this constructor is missed.
        partitions.forEach(consumer::position);
        this.thread = Thread.ofPlatform().daemon().name("topic-watch").start(this::run);
    }

    /**
     * Starts to read at the end of the partitions.
     *
     * @param listener is called on the thread of the watch
     */
    static TopicWatch start(String bootstrapServers, Collection<TopicPartition> partitions, Listener listener) {
        return new TopicWatch(bootstrapServers, List.copyOf(partitions), listener);
    }

    /** @throws BenchException if the topics can no longer be read */
    void requireAlive() {
        RuntimeException cause = failure;
        if (cause != null) {
            throw new BenchException("the topics cannot be read: " + cause.getMessage(), cause);
        }
    }

    @Override
    public void close() {
        closed = true;
        consumer.wakeup();
        try {
            thread.join(JOIN_LIMIT);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (!closed) {
                var records = consumer.poll(POLL);
                long now = System.nanoTime();
                records.forEach(record -> listener.read(record.topic(), record.key(), now));
            }
        } catch (WakeupException end) {
            closed = true;
        } catch (RuntimeException cause) {
            failure = cause;
        } finally {
            consumer.close();
        }
    }
}
