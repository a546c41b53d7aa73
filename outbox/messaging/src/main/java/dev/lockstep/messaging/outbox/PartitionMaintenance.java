package dev.lockstep.messaging.outbox;

import dev.lockstep.messaging.record.MessageIds;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates the partitions of outbox and inbox days ahead and drops those past their retention, those of the outbox only once all their rows
 * are relayed. It also deletes settled dead letters and delivery incidents that are past their retention.
 */
public final class PartitionMaintenance {
    public static final String ENSURE_PARTITIONS_AT_START =
            "SELECT ensure_partitions('outbox', 1, %1$d), ensure_partitions('inbox', 7, %1$d)"
                    .formatted(MessageIds.PARTITIONS_AHEAD);

    private static final Logger LOGGER = LoggerFactory.getLogger(PartitionMaintenance.class);
    private static final long INTERVAL_MILLIS = Duration.ofHours(1).toMillis();
    private static final String ENSURE = "SELECT ensure_partitions($1, $2, %d)".formatted(MessageIds.PARTITIONS_AHEAD);
    private static final String DROP = "SELECT drop_oldest_partition($1, $2) AS dropped";
    private static final String DELETE_OLD_DELIVERY_EVENTS = """
            DELETE FROM delivery_incident
             WHERE id IN (SELECT id FROM delivery_incident WHERE id < uuidv7_floor($1) ORDER BY id LIMIT 10000)
            """;
    private static final int MAX_DELETED_DEAD_LETTERS = 1_000;
    // Dead letters may have large values, so fewer are deleted per statement. Open ones are kept, whatever their age.
    private static final String DELETE_SETTLED_DEAD_LETTERS = """
            DELETE FROM dead_letter
             WHERE id IN (SELECT id FROM dead_letter
                           WHERE state <> 'open' AND settled_at < $1 ORDER BY settled_at LIMIT $2)
            """;
    // No writer waits behind this statement, and it creates partitions at most once a day.
    private static final String NO_LOCK_TIMEOUT = "SET LOCAL lock_timeout = 0";
    // Bounds how long writers wait behind the drop. A partition that could not be dropped is tried again in an hour.
    private static final String SHORT_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '2s'";

    private final Vertx vertx;
    private final Pool pool;
    private final Duration outboxRetention;
    private final Duration inboxRetention;
    private final Duration deadLetterRetention;
    private long timer = -1;

    public PartitionMaintenance(
            Vertx vertx, Pool pool, Duration outboxRetention, Duration inboxRetention, Duration deadLetterRetention) {
        this.vertx = vertx;
        this.pool = pool;
        this.outboxRetention = outboxRetention;
        this.inboxRetention = inboxRetention;
        this.deadLetterRetention = deadLetterRetention;
    }

    /**
     * Runs once, then hourly. Completes when the first run is over; fails if partitions cannot be created. A failure to remove what is past
     * its retention is logged and retried by the next run.
     */
    public Future<Void> start() {
        timer = vertx.setPeriodic(INTERVAL_MILLIS, tick -> run().onFailure(PartitionMaintenance::report));
        return run();
    }

    /** Completes immediately; a run in progress is not interrupted. */
    public Future<Void> stop() {
        vertx.cancelTimer(timer);
        return Future.succeededFuture();
    }

    /** Fails only if partitions cannot be created: without them the service can neither append nor consume messages. */
    public Future<Void> run() {
        return ensure("outbox", 1)
                .compose(done -> ensure("inbox", daysBack(inboxRetention)))
                .compose(done -> logFailure(dropExpired("outbox", outboxRetention)))
                .compose(done -> logFailure(dropExpired("inbox", inboxRetention)))
                .compose(done -> logFailure(deleteOldDeliveryEvents()))
                .compose(done -> logFailure(deleteSettledDeadLetters()));
    }

    private static Future<Void> logFailure(Future<Void> cleanup) {
        return cleanup.onFailure(PartitionMaintenance::report).otherwiseEmpty();
    }

    private Future<Void> deleteSettledDeadLetters() {
        return pool.preparedQuery(DELETE_SETTLED_DEAD_LETTERS)
                .execute(Tuple.of(
                        OffsetDateTime.now(ZoneOffset.UTC).minus(deadLetterRetention), MAX_DELETED_DEAD_LETTERS))
                .compose(rows -> rows.rowCount() < MAX_DELETED_DEAD_LETTERS
                        ? Future.succeededFuture()
                        : deleteSettledDeadLetters());
    }

    private Future<Void> deleteOldDeliveryEvents() {
        return pool.preparedQuery(DELETE_OLD_DELIVERY_EVENTS)
                .execute(Tuple.of(OffsetDateTime.now(ZoneOffset.UTC).minus(inboxRetention)))
                .compose(rows -> rows.rowCount() < 10_000 ? Future.succeededFuture() : deleteOldDeliveryEvents());
    }

    /** The number of days before today that a retention reaches back to, whatever the time of day. */
    static int daysBack(Duration retention) {
        return Math.toIntExact(
                Math.ceilDiv(retention.toMillis(), Duration.ofDays(1).toMillis()));
    }

    private Future<Void> ensure(String parent, int daysBack) {
        return pool.withTransaction(tx -> tx.query(NO_LOCK_TIMEOUT)
                        .execute()
                        .compose(set -> tx.preparedQuery(ENSURE).execute(Tuple.of(parent, daysBack))))
                .mapEmpty();
    }

    private Future<Void> dropExpired(String parent, Duration retention) {
        return dropAll(parent, OffsetDateTime.now(ZoneOffset.UTC).minus(retention));
    }

    // One transaction per partition: a writer waits for one drop, not for all of them and the checks in between.
    private Future<Void> dropAll(String parent, OffsetDateTime cutOff) {
        return pool.withTransaction(tx -> tx.query(SHORT_LOCK_TIMEOUT)
                        .execute()
                        .compose(set -> tx.preparedQuery(DROP).execute(Tuple.of(parent, cutOff))))
                .map(rows -> Optional.ofNullable(rows.iterator().next().getString("dropped")))
                .compose(dropped -> {
                    if (dropped.isEmpty()) {
                        return Future.succeededFuture();
                    }
                    LOGGER.atInfo()
                            .addKeyValue("partition", dropped.get())
                            .log("dropped a partition past its retention");
                    return dropAll(parent, cutOff);
                });
    }

    private static void report(Throwable cause) {
        LOGGER.atWarn().setCause(cause).log("partition maintenance failed, retrying in an hour");
    }
}
