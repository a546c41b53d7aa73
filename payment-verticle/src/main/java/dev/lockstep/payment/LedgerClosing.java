package dev.lockstep.payment;

import dev.lockstep.messaging.schedule.PeriodicTask;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;

/** Closes the ledger periodically, so that an audit reads few open entries. Several instances may run concurrently. */
final class LedgerClosing {
    // This many entries are summed in milliseconds, so a service with little traffic never has to close the ledger.
    private static final long OPEN_ENTRIES = 50_000;

    private final Duration interval;
    private final PeriodicTask closing;

    LedgerClosing(Vertx vertx, Pool pool, LedgerAudit audit, Duration interval) {
        this.interval = interval;
        // Until the ledger is closed, audits only read more entries.
        this.closing = new PeriodicTask(
                vertx,
                "closing the ledger",
                interval,
                () -> audit.close(pool, OPEN_ENTRIES).map(false));
    }

    void start() {
        closing.startAfter(interval);
    }

    /** Stops the task. Completes once no closing is in progress. */
    Future<Void> stop() {
        return closing.stop();
    }
}
