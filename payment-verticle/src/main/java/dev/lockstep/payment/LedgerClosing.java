package dev.lockstep.payment;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes the ledger periodically, so that an audit reads few open entries. Several instances may run concurrently. */
final class LedgerClosing {
    private static final Logger LOGGER = LoggerFactory.getLogger(LedgerClosing.class);

    // This many entries are summed in milliseconds, so a service with little traffic never has to close the ledger.
    private static final long OPEN_ENTRIES = 50_000;

    private final Vertx vertx;
    private final Pool pool;
    private final LedgerAudit audit;
    private final Duration interval;
    private @Nullable Long timer;
    private Future<Boolean> closing = Future.succeededFuture(false);

    LedgerClosing(Vertx vertx, Pool pool, LedgerAudit audit, Duration interval) {
        this.vertx = vertx;
        this.pool = pool;
        this.audit = audit;
        this.interval = interval;
    }

    void start() {
        timer = vertx.setPeriodic(interval.toMillis(), tick -> closeUnlessClosing());
    }

    /** Stops the timer. Completes once no closing is in progress. */
    Future<Void> stop() {
        if (timer != null) {
            vertx.cancelTimer(timer);
        }
        return closing.otherwise(false).mapEmpty();
    }

    private void closeUnlessClosing() {
        if (closing.isComplete()) {
            closing = audit.close(pool, OPEN_ENTRIES)
                    .onFailure(cause -> LOGGER.atWarn()
                            .setCause(cause)
                            .log("ledger not closed this time; audits read more until it is"));
        }
    }
}
