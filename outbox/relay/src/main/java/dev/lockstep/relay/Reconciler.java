package dev.lockstep.relay;

import dev.lockstep.relay.AcknowledgedRows.RowDigest;
import dev.lockstep.relay.WatermarkStore.Watermark;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves the watermark to a heartbeat that Kafka acknowledged, once the rows that committed up to it and the rows that Kafka acknowledged
 * are the same.
 *
 * <p>Everything visible in the heartbeat's snapshot has come through the slot by then, or never will. A row that the table holds between
 * two heartbeats and that this engine has not seen is therefore missing. It is reported, and sent from the table before the watermark
 * passes it.
 */
final class Reconciler {
    private static final Logger LOGGER = LoggerFactory.getLogger(Reconciler.class);
    private static final int MAX_LOGGED_IDS = 20;

    private final WatermarkStore watermark;
    private final SnapshotDiffStore snapshotDiff = new SnapshotDiffStore();
    private final AcknowledgedRows acknowledgedRows;
    private final OutboxResender sender;
    private final RelayMetrics metrics;
    private boolean firstComparison = true;

    Reconciler(
            WatermarkStore watermark, AcknowledgedRows acknowledgedRows, OutboxResender sender, RelayMetrics metrics) {
        this.watermark = watermark;
        this.acknowledgedRows = acknowledgedRows;
        this.sender = sender;
        this.metrics = metrics;
    }

    /** Runs between two pages of a long reconciliation. */
    interface PageCallback {
        void run() throws SQLException, InterruptedException;
    }

    /**
     * Returns when the watermark is at the heartbeat, or at a later one to which another relay moved it. The watermark stays where it is if
     * {@link AcknowledgedRows#digestUntil} cannot give a digest for this heartbeat; a later heartbeat is then compared.
     *
     * @param meanwhile called after each page that is read from the table
     * @throws RelayException if missing rows cannot be sent
     */
    void reconcile(Connection connection, Heartbeat beat, PageCallback meanwhile)
            throws SQLException, InterruptedException {
        Watermark from = watermark.read(connection);
        if (from.heartbeatNumber() >= beat.number()) {
            return;
        }
        PgSnapshot until = PgSnapshot.parse(beat.snapshot());
        Optional<RowDigest> acknowledged = acknowledgedRows.digestUntil(until);
        if (acknowledged.isEmpty()) {
            watermark.touch(connection);
            return;
        }
        if (!watermark.moveIfEqual(connection, from, beat, acknowledged.get())) {
            if (watermark.read(connection).heartbeatNumber() != from.heartbeatNumber()) {
                // Another relay has moved it. The next heartbeat is compared with its new position.
                return;
            }
            resendDifferences(connection, beat, acknowledged.get(), meanwhile);
            watermark.move(connection, from, beat);
        }
        acknowledgedRows.advanceTo(until);
        firstComparison = false;
    }

    private void resendDifferences(
            Connection connection, Heartbeat beat, RowDigest acknowledged, PageCallback meanwhile)
            throws SQLException, InterruptedException {
        AtomicLong known = new AtomicLong();
        snapshotDiff.read(connection, beat.snapshot(), null, page -> {
            List<OutboxRow> missing = acknowledgedRows.notAcknowledged(page);
            known.addAndGet(page.size() - missing.size());
            resendCorrupted(acknowledgedRows.withDifferentPayload(page));
            if (!missing.isEmpty()) {
                reportMissing(missing);
                sender.send(missing);
                metrics.resent(missing.size());
            }
            meanwhile.run();
        });
        if (acknowledged.rows() > known.get() && !firstComparison) {
            LOGGER.atWarn()
                    .addKeyValue("rows", acknowledged.rows() - known.get())
                    .log("Kafka acknowledged rows in this interval that the table does not contain");
        }
    }

    // They count as relayed once Kafka has them with the table's payload. Consumers that have already processed the
    // other payload drop the new record as a repeat, because they know its id.
    private void resendCorrupted(List<OutboxRow> rows) throws InterruptedException {
        if (rows.isEmpty()) {
            return;
        }
        metrics.corrupted(rows.size());
        LOGGER.atError()
                .addKeyValue("rows", rows.size())
                .addKeyValue(
                        "ids",
                        rows.stream().limit(MAX_LOGGED_IDS).map(OutboxRow::id).toList())
                .log("rows reached Kafka with a payload other than the table's,"
                        + " the relay sends them again with the table's payload");
        sender.send(rows);
        metrics.resent(rows.size());
    }

    // Rows that the previous engine had acknowledged and that none of its heartbeats covered are expected.
    private void reportMissing(List<OutboxRow> missing) {
        if (firstComparison) {
            LOGGER.atInfo()
                    .addKeyValue("rows", missing.size())
                    .log("rows that only the previous relay processed are sent again");
            return;
        }
        metrics.missing(missing.size());
        LOGGER.atWarn()
                .addKeyValue("rows", missing.size())
                .addKeyValue(
                        "ids",
                        missing.stream()
                                .limit(MAX_LOGGED_IDS)
                                .map(OutboxRow::id)
                                .toList())
                .log("rows had not reached Kafka, the relay sends them from the table");
    }
}
