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
 * The engine's queue between the thread that reads the log and the one that publishes. It hands over everything that waits as one
 * record, and the engine is told that one record is a full batch.
 *
 * <p>Otherwise the engine waits its whole poll interval to see whether a batch fills up, and gives every row to another thread and back.
 * Public only because Debezium finds it by its name. Debezium calls it under a lock of its own.
 */
public final class CoalescingQueue implements QueueProvider<DataChangeEvent> {
    static final String NAME = "lockstep";
    static final int MAX_BATCH_SIZE = 2_048;

    private static final long SPIN_NANOS = TimeUnit.MICROSECONDS.toNanos(500);
    private static final long PARK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Queue<DataChangeEvent> queue = new ArrayDeque<>();
    private @Nullable Thread poller;
    private long lastFoundEmpty = System.nanoTime() - SPIN_NANOS;

    /** What {@link #poll()} put into one record. */
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
        // Nothing can be set: Debezium itself keeps the queue within max.queue.size.
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
        // The last one's position stands for all of them.
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

    // For the last millisecond of its interval the engine asks again and again, which would cost a tenth of a core. A
    // row that
    // comes in this millisecond waits for its end, as the engine holds the lock.
    private void avoidBusySpin() {
        if (System.nanoTime() - lastFoundEmpty < SPIN_NANOS) {
            LockSupport.parkNanos(PARK_NANOS);
        }
        lastFoundEmpty = System.nanoTime();
    }
}
