package dev.lockstep.relay;

import dev.lockstep.relay.RecoveryStore.Progress;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends what is pending from the table, because the slot that would have carried it is gone, and then lets the new slot begin.
 *
 * <p>What is sent are the rows that had committed when the new slot was there. Those that commit later come through the slot, so
 * every row of a key goes out before the later ones, wherever the two of them come from, and however often this is begun anew.
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
                .log("slot is new, pending rows from before it are being sent from the table");
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
                .log("rows from before the slot were sent from the table");
    }

    // Not how many are left: to count them takes as long as to read all that is pending.
    private void reportProgress(long sent) {
        health.degraded("slot %s is new, and rows from before it are being sent from the table, %d so far"
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

    // What it waits for in Postgres may take longer than closing may.
    private static void abort(Connection connection) {
        try {
            connection.abort(Runnable::run);
        } catch (SQLException cause) {
            LOGGER.atDebug().setCause(cause).log("connection cannot be ended");
        }
    }
}
