package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends what is pending from the table, because the slot that would have carried it is gone, and then lets the new slot begin.
 *
 * <p>The new slot was made before the table is read, so a row is in one of them or in both; what comes twice comes first from the
 * table, in order.
 */
final class Recovery implements Spell {
    private static final Logger LOGGER = LoggerFactory.getLogger(Recovery.class);

    private final RelayConfig config;
    private final RelayDatabase database;
    private final SlotKeeper keeper;
    private final KafkaSender sender;
    private final OutboxRecords records;
    private final RelayMetrics metrics;

    private volatile boolean completed;

    Recovery(RelayConfig config, RelayDatabase database, SlotKeeper keeper, RelayHealth health, RelayMetrics metrics) {
        this.config = config;
        this.database = database;
        this.keeper = keeper;
        this.sender = new KafkaSender(OutboxProducer.create(config), config.bootstrapServers(), health);
        this.records = new OutboxRecords(config.source());
        this.metrics = metrics;
    }

    @Override
    public void run() throws InterruptedException {
        AtomicLong count = new AtomicLong();
        try (Connection connection = database.connectPatiently("recovery")) {
            new BacklogStore().read(connection, rows -> {
                send(rows);
                count.addAndGet(rows.size());
            });
            keeper.complete(connection);
        } catch (SQLException cause) {
            throw new RelayException("pending rows cannot be read: " + RelayException.reason(cause), cause);
        } finally {
            sender.close();
        }
        LOGGER.atWarn()
                .addKeyValue("slot", config.slotName())
                .addKeyValue("rows", count)
                .log("rows from before the slot were sent from the table");
        completed = true;
    }

    @Override
    public boolean gotSomewhere() {
        return completed;
    }

    private void send(List<OutboxRow> rows) throws InterruptedException {
        List<KafkaSender.Sent> sent = new ArrayList<>(rows.size());
        for (OutboxRow row : rows) {
            sent.add(sender.send("row " + row.id(), records.row(row)));
        }
        for (KafkaSender.Sent record : sent) {
            sender.awaitAck(record);
        }
        if (!rows.isEmpty()) {
            metrics.relayed(rows.size(), rows.getLast().committed());
        }
    }

    @Override
    public void close() {
        sender.close();
    }
}
