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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes a captured batch and only then confirms it. Runs on the engine's thread, which is allowed to block.
 *
 * <p>Whatever goes wrong leaves the batch unconfirmed and ends the engine; the next engine gets the same rows again.
 */
final class OutboxPublisher implements ChangeConsumer<RecordChangeEvent<SourceRecord>> {
    private static final Logger LOGGER = LoggerFactory.getLogger(OutboxPublisher.class);

    private final RowSender sender;
    private final HeartbeatTopic heartbeatTopic;
    private final Runnable beforeFirst;
    private final Ledger ledger;
    private final Consumer<Beat> acknowledged;
    private final RelayHealth health;
    private final RelayMetrics metrics;

    private final Semaphore turn = new Semaphore(1);

    private volatile long lastEnd = System.nanoTime();
    private volatile boolean busy;
    private volatile boolean relayed;

    /**
     * @param beforeFirst throws if nothing may be published at all
     * @param ledger is told of every row that Kafka has, or that is held back
     * @param acknowledged is told of the newest heartbeat that Kafka has, with everything before it
     */
    OutboxPublisher(
            RowSender sender,
            HeartbeatTopic heartbeatTopic,
            Runnable beforeFirst,
            Ledger ledger,
            Consumer<Beat> acknowledged,
            RelayHealth health,
            RelayMetrics metrics) {
        this.sender = sender;
        this.heartbeatTopic = heartbeatTopic;
        this.beforeFirst = beforeFirst;
        this.ledger = ledger;
        this.acknowledged = acknowledged;
        this.health = health;
        this.metrics = metrics;
    }

    /** How long the engine has delivered nothing. Zero while a batch is being published, however long Kafka takes. */
    Duration silence() {
        return busy ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - lastEnd);
    }

    /** Whether any batch has got through. */
    boolean hasRelayed() {
        return relayed;
    }

    /** Waits for the batch on its way, up to the limit, and lets no other begin: the engine's thread waits until it is interrupted. */
    void drain(Duration limit) {
        try {
            turn.tryAcquire(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void handleBatch(
            List<RecordChangeEvent<SourceRecord>> batch, RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
            throws InterruptedException {
        turn.acquire();
        busy = true;
        try {
            if (!relayed) {
                beforeFirst.run();
            }
            lead();
            publish(batch, committer);
            relayed = true;
        } finally {
            lastEnd = System.nanoTime();
            busy = false;
            turn.release();
        }
    }

    private void publish(
            List<RecordChangeEvent<SourceRecord>> batch, RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
            throws InterruptedException {
        List<SourceRecord> changes = batch.stream()
                .flatMap(event -> CoalescingQueue.unpack(event.record()).stream())
                .filter(OutboxPublisher::isNewRow)
                .toList();
        Beat newest = null;
        List<OutboxRow> rows = new ArrayList<>(changes.size());
        List<Ledger.Entry> entries = new ArrayList<>(changes.size());
        for (SourceRecord change : changes) {
            if (isBeat(change)) {
                newest = beat(change);
            } else {
                OutboxRow row = OutboxRow.captured(after(change), committedAt(change), transaction(change));
                rows.add(row);
                entries.add(new Ledger.Entry(UUID.fromString(row.id()), transaction(change), row.digest()));
            }
        }
        boolean counts = newest != null && heartbeatTopic.isSettled();
        // All sends before the first wait: one round trip for the batch instead of one for each row.
        RowSender.Result result = sender.send(rows, heartbeatTopic.exists() ? newest : null);
        heartbeatTopic.answered(result.heartbeat());
        counts = counts && heartbeatTopic.isSettled();
        ledger.add(entries);
        if (newest != null && counts) {
            acknowledged.accept(newest);
        }
        if (counts || !rows.isEmpty()) {
            health.flows();
        }
        if (!changes.isEmpty()) {
            metrics.relayed(result.acknowledged(), committedAt(changes.getLast()));
        }
        // The last one stands for all: the engine confirms positions, not records.
        committer.markProcessed(batch.getLast());
        committer.markBatchFinished();
    }

    private void lead() {
        if (health.role() != Role.LEADING) {
            LOGGER.atInfo().addKeyValue("slot", health.slot()).log("relay leads");
            health.become(Role.LEADING);
            metrics.leading(true);
        }
    }

    // Whatever else the engine lets through moves the slot on and concerns nobody.
    private static boolean isNewRow(SourceRecord change) {
        return (isBeat(change) || change.topic().endsWith(".outbox"))
                && change.value() instanceof Struct value
                && "c".equals(value.getString("op"));
    }

    private static boolean isBeat(SourceRecord change) {
        return change.topic().endsWith(".outbox_heartbeat");
    }

    private static Beat beat(SourceRecord change) {
        Struct row = after(change);
        return new Beat(row.getInt64("beat"), row.getString("snapshot"));
    }

    private static Struct after(SourceRecord change) {
        return ((Struct) change.value()).getStruct("after");
    }

    private static Instant committedAt(SourceRecord change) {
        return Instant.ofEpochMilli(source(change).getInt64("ts_ms"));
    }

    // The log has 32 bits of it.
    private static int transaction(SourceRecord change) {
        return source(change).getInt64("txId").intValue();
    }

    private static Struct source(SourceRecord change) {
        return ((Struct) change.value()).getStruct("source");
    }
}
