package dev.lockstep.relay;

import java.util.List;

/** Sends rows that were read from the table, in order, and waits for Kafka to acknowledge them. */
final class OutboxResender implements AutoCloseable {
    private final RowSender sender;
    private final RelayMetrics metrics;

    OutboxResender(RowSender sender, RelayMetrics metrics) {
        this.sender = sender;
        this.metrics = metrics;
    }

    /** Returns once Kafka has acknowledged all rows, except those that are held back. */
    void send(List<OutboxRow> rows) throws InterruptedException {
        int acknowledged = sender.send(rows).acknowledged();
        if (acknowledged > 0) {
            metrics.relayed(acknowledged, rows.getLast().committed());
        }
    }

    /** Ends all waits at once. */
    @Override
    public void close() {
        sender.close();
    }
}
