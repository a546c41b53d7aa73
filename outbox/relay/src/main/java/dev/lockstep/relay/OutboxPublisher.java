package dev.lockstep.relay;

import dev.lockstep.relay.RelayHealth.Role;
import io.debezium.engine.DebeziumEngine.ChangeConsumer;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import io.debezium.engine.RecordChangeEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes each batch that the engine delivers, and confirms it to the engine once every row is in Kafka or held back. Runs on the
 * engine's thread, which may block.
 *
 * <p>Any failure leaves the batch unconfirmed and ends the engine. The next engine gets the same rows again.
 */
final class OutboxPublisher implements ChangeConsumer<RecordChangeEvent<SourceRecord>> {
    private static final Logger LOGGER = LoggerFactory.getLogger(OutboxPublisher.class);

    private final RowSender sender;
    private final HeartbeatTopic heartbeatTopic;
    private final Runnable beforeFirstBatch;
    private final AcknowledgedRows acknowledgedRows;
    private final Consumer<Heartbeat> heartbeatListener;
    private final RelayHealth health;
    private final RelayMetrics metrics;

    private final Semaphore batchPermit = new Semaphore(1);

    private volatile long lastEnd = System.nanoTime();
    private volatile boolean busy;
    private volatile boolean relayed;

    /**
     * @param beforeFirstBatch throws if nothing may be published at all
     * @param acknowledgedRows gets every row that Kafka has acknowledged or that is held back
     * @param heartbeatListener gets the newest heartbeat that Kafka has acknowledged together with everything before it
     */
    OutboxPublisher(
            RowSender sender,
            HeartbeatTopic heartbeatTopic,
            Runnable beforeFirstBatch,
            AcknowledgedRows acknowledgedRows,
            Consumer<Heartbeat> heartbeatListener,
            RelayHealth health,
            RelayMetrics metrics) {
        this.sender = sender;
        this.heartbeatTopic = heartbeatTopic;
        this.beforeFirstBatch = beforeFirstBatch;
        this.acknowledgedRows = acknowledgedRows;
        this.heartbeatListener = heartbeatListener;
        this.health = health;
        this.metrics = metrics;
    }

    /** How long the engine has delivered nothing. Zero while a batch is being published, however long Kafka takes. */
    Duration timeSinceLastBatch() {
        return busy ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - lastEnd);
    }

    /** Whether at least one batch has been published. */
    boolean hasRelayed() {
        return relayed;
    }

    /** Waits up to the limit for the batch in flight, and lets no other batch begin: the engine's thread blocks until it is interrupted. */
    void drain(Duration limit) {
        try {
            batchPermit.tryAcquire(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void handleBatch(
            List<RecordChangeEvent<SourceRecord>> batch, RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
            throws InterruptedException {
        batchPermit.acquire();
        busy = true;
        try {
            if (!relayed) {
                beforeFirstBatch.run();
            }
            becomeLeader();
            publish(batch, committer);
            relayed = true;
        } finally {
            lastEnd = System.nanoTime();
            busy = false;
            batchPermit.release();
        }
    }

    private void publish(
            List<RecordChangeEvent<SourceRecord>> batch, RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
            throws InterruptedException {
        List<SourceRecord> changes = batch.stream()
                .flatMap(event -> CoalescingQueue.unpack(event.record()).stream())
                .filter(OutboxPublisher::isNewRow)
                .toList();
        Heartbeat newest = null;
        Instant newestAt = null;
        List<OutboxRow> rows = new ArrayList<>(changes.size());
        List<AcknowledgedRows.Entry> entries = new ArrayList<>(changes.size());
        for (SourceRecord change : changes) {
            if (isHeartbeat(change)) {
                newest = toHeartbeat(change);
                newestAt = committedAt(change);
            } else {
                OutboxRow row = OutboxRow.captured(after(change), committedAt(change), transaction(change));
                rows.add(row);
                entries.add(
                        new AcknowledgedRows.Entry(UUID.fromString(row.id()), transaction(change), row.payloadCrc()));
            }
        }
        boolean counts = newest != null && heartbeatTopic.isStateKnown();
        // Sends everything before the first wait: one round trip for the batch instead of one for each row.
        RowSender.Result result = sender.send(rows, heartbeatTopic.isUsable() ? newest : null);
        heartbeatTopic.onHeartbeatResult(result.heartbeat());
        counts = counts && heartbeatTopic.isStateKnown();
        acknowledgedRows.add(entries);
        if (newest != null && counts) {
            heartbeatListener.accept(newest);
        }
        if (counts || !rows.isEmpty()) {
            health.healthy();
        }
        // Heartbeats count for the lag, so that it is known while no rows are written.
        metrics.relayed(result.acknowledged(), later(result.newestCommit(), counts ? newestAt : null));
        // Marking the last record is enough: the engine confirms positions, not records.
        committer.markProcessed(batch.getLast());
        committer.markBatchFinished();
    }

    private static @Nullable Instant later(@Nullable Instant one, @Nullable Instant other) {
        return one == null || (other != null && other.isAfter(one)) ? other : one;
    }

    private void becomeLeader() {
        if (health.role() != Role.LEADING) {
            LOGGER.atInfo().addKeyValue("slot", health.slot()).log("relay leads");
            health.setRole(Role.LEADING);
            metrics.leading(true);
        }
    }

    // Other records that the engine delivers only advance the slot.
    private static boolean isNewRow(SourceRecord change) {
        return (isHeartbeat(change) || change.topic().endsWith(".outbox"))
                && change.value() instanceof Struct value
                && "c".equals(value.getString("op"));
    }

    private static boolean isHeartbeat(SourceRecord change) {
        return change.topic().endsWith(".outbox_heartbeat");
    }

    private static Heartbeat toHeartbeat(SourceRecord change) {
        Struct row = after(change);
        return new Heartbeat(row.getInt64("beat"), row.getString("snapshot"));
    }

    private static Struct after(SourceRecord change) {
        return ((Struct) change.value()).getStruct("after");
    }

    private static Instant committedAt(SourceRecord change) {
        return Instant.ofEpochMilli(source(change).getInt64("ts_ms"));
    }

    // The WAL carries the lower 32 bits of the transaction id.
    private static int transaction(SourceRecord change) {
        return source(change).getInt64("txId").intValue();
    }

    private static Struct source(SourceRecord change) {
        return ((Struct) change.value()).getStruct("source");
    }
}
