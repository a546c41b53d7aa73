package dev.lockstep.relay;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sends rows to Kafka, whether they come from the slot or from the table. A row that Kafka refuses, and the rows of its key or topic behind
 * it, are held back: they are written to {@code outbox_held}. All other rows are sent.
 */
final class RowSender implements AutoCloseable {
    private final KafkaSender sender;
    private final OrderedSender ordered;
    private final OutboxRecords records;
    private final HeldRows held;

    RowSender(KafkaSender sender, OutboxRecords records, HeldRows held) {
        this.sender = sender;
        this.ordered = new OrderedSender(sender);
        this.records = records;
        this.held = held;
    }

    /**
     * The result of a batch.
     *
     * @param acknowledged how many rows Kafka acknowledged; the others are held back
     * @param newestCommit the commit time of the last acknowledged row, or null if there is none
     * @param heartbeat why Kafka refused the heartbeat, or null if it was acknowledged or there was none
     */
    record Result(
            int acknowledged,
            @Nullable Instant newestCommit,
            @Nullable Refusal heartbeat) {}

    /**
     * Returns once every row is in Kafka or durably held back.
     *
     * @throws RelayException if nothing can be sent at all, the rows cannot be held back, or the sender is being closed
     */
    Result send(List<OutboxRow> rows) throws InterruptedException {
        return send(rows, null);
    }

    /** As {@link #send(List)}, with a heartbeat behind the rows. */
    Result send(List<OutboxRow> rows, @Nullable Heartbeat beat) throws InterruptedException {
        held.beginSend();
        try {
            return sendOrHold(rows, beat);
        } finally {
            held.endSend();
        }
    }

    private Result sendOrHold(List<OutboxRow> rows, @Nullable Heartbeat beat) throws InterruptedException {
        List<OutgoingRecord> batch = new ArrayList<>(rows.size() + 1);
        boolean anyHeld = !held.isEmpty();
        for (OutboxRow row : rows) {
            OutgoingRecord outgoing = OutgoingRecord.row(row, records);
            if (anyHeld && held.isHeld(row)) {
                outgoing.markRefused(Refusal.BLOCKED_BY_PREDECESSOR);
            }
            batch.add(outgoing);
        }
        @Nullable OutgoingRecord heartbeat = beat == null ? null : OutgoingRecord.heartbeat(beat, records);
        if (heartbeat != null) {
            batch.add(heartbeat);
        }
        ordered.send(batch, anyHeld ? held::isPartiallyHeld : topic -> false);
        List<OutboxRow> acknowledged = holdRefused(batch);
        return new Result(
                acknowledged.size(),
                acknowledged.isEmpty() ? null : acknowledged.getLast().committed(),
                heartbeat == null ? null : heartbeat.refusal());
    }

    private List<OutboxRow> holdRefused(List<OutgoingRecord> batch) {
        List<OutboxRow> acknowledged = new ArrayList<>(batch.size());
        List<HeldRow> refused = new ArrayList<>();
        for (OutgoingRecord each : batch) {
            OutboxRow row = each.row();
            if (row != null && each.isAcknowledged()) {
                acknowledged.add(row);
            } else if (row != null) {
                refused.add(HeldRow.of(row, each.refusal()));
            }
        }
        if (!refused.isEmpty()) {
            held.hold(refused);
        }
        return acknowledged;
    }

    /** Ends all waits at once. */
    @Override
    public void close() {
        sender.close();
        held.close();
    }
}
