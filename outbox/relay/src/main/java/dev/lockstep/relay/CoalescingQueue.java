package dev.lockstep.relay;

import io.debezium.connector.base.QueueProvider;
import io.debezium.pipeline.DataChangeEvent;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * The engine's queue between the thread that reads the WAL and the thread that publishes. It returns all waiting events as one record, and
 * the engine is configured so that one record is a full batch.
 *
 * <p>Otherwise the engine waits its whole poll interval for a batch to fill up, and passes every row to another thread and back. The class
 * is public only because Debezium finds it by its name. Debezium calls it under a lock of its own.
 */
public final class CoalescingQueue implements QueueProvider<DataChangeEvent> {
    static final String NAME = "lockstep";
    static final int MAX_BATCH_SIZE = 2_048;

    private static final long SPIN_NANOS = TimeUnit.MICROSECONDS.toNanos(500);
    private static final long PARK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Queue<DataChangeEvent> queue = new ArrayDeque<>();
    private @Nullable Thread poller;
    private long lastFoundEmpty = System.nanoTime() - SPIN_NANOS;

    /** Returns the records that {@link #poll()} combined into one. */
    static List<SourceRecord> unpack(SourceRecord batch) {
        List<SourceRecord> records = new ArrayList<>(MAX_BATCH_SIZE);
        for (Object record : (List<?>) batch.value()) {
            records.add((SourceRecord) record);
        }
        return records;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public void configure(Map<String, ?> settings) {
        // No settings: Debezium itself limits the queue to max.queue.size.
    }

    @Override
    public void enqueue(DataChangeEvent event) {
        queue.add(event);
    }

    @Override
    public @Nullable DataChangeEvent poll() {
        poller = Thread.currentThread();
        if (queue.isEmpty()) {
            return null;
        }
        List<SourceRecord> records = new ArrayList<>(Math.min(queue.size(), MAX_BATCH_SIZE));
        while (!queue.isEmpty() && records.size() < MAX_BATCH_SIZE) {
            records.add(queue.remove().getRecord());
        }
        // The position of the last record covers all of them.
        SourceRecord last = records.getLast();
        return new DataChangeEvent(
                new SourceRecord(last.sourcePartition(), last.sourceOffset(), last.topic(), null, records));
    }

    @Override
    public int size() {
        int size = queue.size();
        if (size == 0 && Thread.currentThread() == poller) {
            avoidBusySpin();
        }
        return size;
    }

    // The engine polls in a loop for the last millisecond of its interval, which would cost a tenth of a core. A row
    // that arrives in this millisecond waits for its end, because the engine holds the lock.
    private void avoidBusySpin() {
        if (System.nanoTime() - lastFoundEmpty < SPIN_NANOS) {
            LockSupport.parkNanos(PARK_NANOS);
        }
        lastFoundEmpty = System.nanoTime();
    }
}
