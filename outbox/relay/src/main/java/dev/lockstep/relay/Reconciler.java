package dev.lockstep.relay;

import dev.lockstep.relay.Ledger.Tally;
import dev.lockstep.relay.WatermarkStore.Watermark;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves the watermark to a heartbeat that Kafka acknowledged, once what was committed up to it and what Kafka acknowledged are the same rows.
 *
 * <p>Everything visible in the heartbeat's snapshot has come through the slot by then, or never will. So what the table holds between two
 * heartbeats and this engine has not seen is missing; it is told, and sent from the table before the watermark passes it.
 */
final class Reconciler {
    private static final Logger LOGGER = LoggerFactory.getLogger(Reconciler.class);
    private static final int NAMED = 20;

    private final WatermarkStore watermark;
    private final IntervalStore interval = new IntervalStore();
    private final Ledger ledger;
    private final TableSender sender;
    private final RelayMetrics metrics;
    private boolean first = true;

    Reconciler(WatermarkStore watermark, Ledger ledger, TableSender sender, RelayMetrics metrics) {
        this.watermark = watermark;
        this.ledger = ledger;
        this.sender = sender;
        this.metrics = metrics;
    }

    /** Something that must not wait until a long reconciliation is over. */
    interface Meanwhile {
        void run() throws SQLException, InterruptedException;
    }

    /**
     * Returns when the watermark stands at the beat, or at a later one that another relay brought. Or where it stood, if what is with it in the
     * ledger came so fast that only a later beat can be compared.
     */
    void reconcile(Connection connection, Beat beat, Meanwhile meanwhile) throws SQLException, InterruptedException {
        Watermark from = watermark.read(connection);
        if (from.beat() >= beat.number()) {
            return;
        }
        Snapshot until = Snapshot.parse(beat.snapshot());
        Optional<Tally> acknowledged = ledger.until(until);
        if (acknowledged.isEmpty()) {
            watermark.touch(connection);
            return;
        }
        if (!watermark.moveIfEqual(connection, from, beat, acknowledged.get())) {
            if (watermark.read(connection).beat() != from.beat()) {
                // Another relay has moved it. The next beat is compared with where it stands now.
                return;
            }
            send(connection, beat, acknowledged.get(), meanwhile);
            watermark.move(connection, from, beat);
        }
        ledger.settle(until);
        first = false;
    }

    private void send(Connection connection, Beat beat, Tally acknowledged, Meanwhile meanwhile)
            throws SQLException, InterruptedException {
        AtomicLong known = new AtomicLong();
        interval.read(connection, beat.snapshot(), null, page -> {
            List<OutboxRow> missing = ledger.unknown(page);
            known.addAndGet(page.size() - missing.size());
            sendDiffering(ledger.differing(page));
            if (!missing.isEmpty()) {
                tell(missing);
                sender.send(missing);
                metrics.resent(missing.size());
            }
            meanwhile.run();
        });
        if (acknowledged.rows() > known.get() && !first) {
            LOGGER.atWarn()
                    .addKeyValue("rows", acknowledged.rows() - known.get())
                    .log("Kafka has rows of this interval that the table does not have");
        }
    }

    // They count as relayed once Kafka has them as they are. Readers that took the other payload for good know the id
    // already.
    private void sendDiffering(List<OutboxRow> rows) throws InterruptedException {
        if (rows.isEmpty()) {
            return;
        }
        metrics.corrupted(rows.size());
        LOGGER.atError()
                .addKeyValue("rows", rows.size())
                .addKeyValue(
                        "ids", rows.stream().limit(NAMED).map(OutboxRow::id).toList())
                .log("rows had reached Kafka with another payload than the table's, they are sent again as they are");
        sender.send(rows);
        metrics.resent(rows.size());
    }

    // What the engine before this one had acknowledged and no heartbeat of it covered is nothing unusual.
    private void tell(List<OutboxRow> missing) {
        if (first) {
            LOGGER.atInfo()
                    .addKeyValue("rows", missing.size())
                    .log("rows that only the relay before this one has seen are sent again");
            return;
        }
        metrics.missing(missing.size());
        LOGGER.atWarn()
                .addKeyValue("rows", missing.size())
                .addKeyValue(
                        "ids", missing.stream().limit(NAMED).map(OutboxRow::id).toList())
                .log("rows had not reached Kafka, they are sent from the table");
    }
}
