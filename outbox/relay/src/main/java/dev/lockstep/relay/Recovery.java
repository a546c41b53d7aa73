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
final class Recovery implements Spell {
    private static final Logger LOGGER = LoggerFactory.getLogger(Recovery.class);

    private final RelayConfig config;
    private final RelayDatabase database;
    private final SlotKeeper keeper;
    private final TableSender sender;
    private final RelayHealth health;
    private final StepLimit limit;
    private final IntervalStore interval = new IntervalStore();

    private volatile boolean gotSomewhere;
    private volatile @Nullable Connection used;

    Recovery(RelayConfig config, RelayDatabase database, SlotKeeper keeper, TableSender sender, RelayHealth health) {
        this.config = config;
        this.database = database;
        this.keeper = keeper;
        this.sender = sender;
        this.health = health;
        this.limit = keeper.limit();
    }

    @Override
    public void run() throws InterruptedException {
        AtomicLong count = new AtomicLong();
        LOGGER.atWarn()
                .addKeyValue("slot", config.slotName())
                .log("slot is new, pending rows from before it are being sent from the table");
        tell(0);
        try (Connection connection = database.connect("recovery", limit.now())) {
            used = connection;
            Progress progress = keeper.progress(connection);
            interval.read(connection, progress.snapshot(), progress.sent(), rows -> {
                sender.send(rows);
                keeper.sent(connection, progress, rows.getLast().id());
                tell(count.addAndGet(rows.size()));
                gotSomewhere = true;
            });
            keeper.complete(connection, progress);
            limit.kept();
        } catch (SQLException cause) {
            limit.exceededBy(cause);
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
    private void tell(long sent) {
        health.troubled("slot %s is new, and rows from before it are being sent from the table, %d so far"
                .formatted(config.slotName(), sent));
    }

    @Override
    public boolean gotSomewhere() {
        return gotSomewhere;
    }

    @Override
    public void close() {
        sender.close();
        Connection connection = used;
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
