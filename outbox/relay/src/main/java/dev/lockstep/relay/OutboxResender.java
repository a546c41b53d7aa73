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
        RowSender.Result result = sender.send(rows);
        metrics.relayed(result.acknowledged(), result.newestCommit());
    }

    /** Ends all waits at once. */
    @Override
    public void close() {
        sender.close();
    }
}
