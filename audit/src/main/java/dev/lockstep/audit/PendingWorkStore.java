package dev.lockstep.audit;

import java.util.Map;

/** Counts the work of one database that existed at a given time and is still in progress. */
final class PendingWorkStore {
    private static final Map<ServiceRole, String> PENDING_BY_SERVICE = Map.of(
            ServiceRole.ORDER,
            "SELECT count(*) FROM orders WHERE status = 'PENDING' AND created_at < to_timestamp(? / 1000.0)",
            ServiceRole.SAGA,
            """
            SELECT count(*) FROM saga
             WHERE state NOT IN ('CONFIRMED', 'CANCELLED', 'ABANDONED') AND created_at < to_timestamp(? / 1000.0)
            """);

    private static final String NOT_RELAYED = """
            SELECT count(*)
              FROM outbox o, outbox_watermark w
             WHERE o.xid >= pg_snapshot_xmin(w.snapshot)
               AND NOT pg_visible_in_snapshot(o.xid, w.snapshot)
               AND o.created_at < to_timestamp(? / 1000.0)
            """;

    private static final String HELD_BACK = """
            SELECT count(*)
              FROM outbox_held h JOIN outbox o ON o.id = h.id CROSS JOIN outbox_watermark w
             WHERE pg_visible_in_snapshot(h.xid, w.snapshot)
               AND o.created_at < to_timestamp(? / 1000.0)
            """;

    private static final String PARKED =
            "SELECT count(*) FROM parked_message WHERE first_at < to_timestamp(? / 1000.0)";

    private static final String NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

    private PendingWorkStore() {}

    /** The database's current time, in milliseconds. */
    static long now(SnapshotStore database) {
        return database.one(NOW, row -> row.getLong(1));
    }

    /** The number of orders, sagas, outbox rows and parked messages that are older than {@code before} and still in progress. */
    static long countPending(SnapshotStore database, ServiceRole role, long before) {
        String own = PENDING_BY_SERVICE.get(role);
        long count = own == null ? 0 : database.one(own, row -> row.getLong(1), before);
        return count
                + database.one(NOT_RELAYED, row -> row.getLong(1), before)
                + database.one(HELD_BACK, row -> row.getLong(1), before)
                + database.one(PARKED, row -> row.getLong(1), before);
    }
}
