package dev.lockstep.relay;

import dev.lockstep.relay.RecoveryStore.Progress;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends the pending rows from the table after their slot was lost, and then creates the slot at the position of the new one.
 *
 * <p>It sends the rows that had committed when the new slot was created. Rows that commit later come through the slot. Every row of a key
 * is therefore sent before later rows of that key, whichever way they take, and however often the recovery is restarted.
 */
final class Recovery implements RelayTask {
    private static final Logger LOGGER = LoggerFactory.getLogger(Recovery.class);

    private final RelayConfig config;
    private final RelayDatabase database;
    private final SlotProvisioner slotProvisioner;
    private final OutboxResender sender;
    private final RelayHealth health;
    private final AdaptiveStatementTimeout statementTimeout;
    private final SnapshotDiffStore snapshotDiff = new SnapshotDiffStore();

    private volatile boolean madeProgress;
    private volatile @Nullable Connection openConnection;

    Recovery(
            RelayConfig config,
            RelayDatabase database,
            SlotProvisioner slotProvisioner,
            OutboxResender sender,
            RelayHealth health) {
        this.config = config;
        this.database = database;
        this.slotProvisioner = slotProvisioner;
        this.sender = sender;
        this.health = health;
        this.statementTimeout = slotProvisioner.statementTimeout();
    }

    @Override
    public void run() throws InterruptedException {
        AtomicLong count = new AtomicLong();
        LOGGER.atWarn()
                .addKeyValue("slot", config.slotName())
                .log("slot is new, the pending rows that precede it are being sent from the table");
        reportProgress(0);
        try (Connection connection = database.connect("recovery", statementTimeout.current())) {
            openConnection = connection;
            Progress progress = slotProvisioner.progress(connection);
            snapshotDiff.read(connection, progress.snapshot(), progress.sent(), rows -> {
                sender.send(rows);
                slotProvisioner.recordProgress(
                        connection, progress, rows.getLast().id());
                reportProgress(count.addAndGet(rows.size()));
                madeProgress = true;
            });
            slotProvisioner.complete(connection, progress);
            statementTimeout.reset();
        } catch (SQLException cause) {
            statementTimeout.increaseIfTimedOut(cause);
            throw new RelayException("pending rows cannot be read: " + RelayException.reason(cause), cause);
        } finally {
            sender.close();
        }
        LOGGER.atWarn()
                .addKeyValue("slot", config.slotName())
                .addKeyValue("rows", count)
                .log("the pending rows that precede the slot were sent from the table");
    }

    // Does not report how many rows are left: counting them takes as long as reading all pending rows.
    private void reportProgress(long sent) {
        health.degraded("slot %s is new; the pending rows that precede it are being sent from the table, %d so far"
                .formatted(config.slotName(), sent));
    }

    @Override
    public boolean madeProgress() {
        return madeProgress;
    }

    @Override
    public void close() {
        sender.close();
        Connection connection = openConnection;
        if (connection != null) {
            abort(connection);
        }
    }

    // A pending statement may take longer than closing may.
    private static void abort(Connection connection) {
        try {
            connection.abort(Runnable::run);
        } catch (SQLException cause) {
            LOGGER.atDebug().setCause(cause).log("connection cannot be aborted");
        }
    }
}
