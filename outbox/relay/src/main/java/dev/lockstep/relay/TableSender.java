package dev.lockstep.relay;

import java.util.ArrayList;
import java.util.List;

/** Sends rows as they were read from the table, in their order, and waits for Kafka to acknowledge them. */
final class TableSender implements AutoCloseable {
    private final KafkaSender sender;
    private final OutboxRecords records;
    private final RelayMetrics metrics;

    TableSender(KafkaSender sender, OutboxRecords records, RelayMetrics metrics) {
        this.sender = sender;
        this.records = records;
        this.metrics = metrics;
    }

    /** Returns once Kafka has acknowledged all of them. */
    void send(List<OutboxRow> rows) throws InterruptedException {
        List<KafkaSender.Sent> sent = new ArrayList<>(rows.size());
        for (OutboxRow row : rows) {
            sent.add(sender.sendRow(row, records));
        }
        for (KafkaSender.Sent record : sent) {
            sender.awaitAck(record);
        }
        if (!rows.isEmpty()) {
            metrics.relayed(rows.size(), rows.getLast().committed());
        }
    }

    /** Ends all waiting at once. */
    @Override
    public void close() {
        sender.close();
    }
}
