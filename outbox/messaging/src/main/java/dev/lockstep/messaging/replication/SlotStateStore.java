package dev.lockstep.messaging.replication;

import dev.lockstep.messaging.sql.Rows;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Reads the state of a replication slot from Postgres. */
final class SlotStateStore {
    // While a relay replaces a slot, only <slot>_new exists until the missed changes are in Kafka, however long that
    // takes. A lost slot retains no WAL any more.
    private static final String FIND = """
        SELECT slot_name, wal_status, safe_wal_size, lost_because,
               coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint AS retained,
               CASE WHEN k.keep >= 0 THEN k.keep * 1024 * 1024 END AS keep,
               CASE WHEN active THEN 0
                    ELSE coalesce(extract(epoch FROM clock_timestamp() - inactive_since), 0)
               END::bigint AS inactive
          FROM pg_replication_slots,
               LATERAL (SELECT coalesce(invalidation_reason, CASE WHEN wal_status = 'lost' THEN 'wal_removed' END)) l (lost_because),
               (SELECT setting::bigint AS keep FROM pg_settings WHERE name = 'max_slot_wal_keep_size') k
         WHERE slot_name::text IN ($1, $1 || '_new') AND database = current_database()
         ORDER BY lost_because IS NULL DESC, slot_name::text = $1 DESC
         LIMIT 1
        """;

    private SlotStateStore() {}

    /** Completes with the slot, or with the one that will replace it if only that one is valid; empty if neither exists. */
    static Future<Optional<SlotState>> find(SqlClient client, String slot) {
        return client.preparedQuery(FIND)
                .mapping(SlotStateStore::state)
                .execute(Tuple.of(slot))
                .map(Rows::first);
    }

    private static SlotState state(Row row) {
        return new SlotState(
                row.getString("slot_name"),
                row.getString("wal_status"),
                row.getString("lost_because"),
                row.getLong("retained"),
                optional(row.getLong("safe_wal_size")),
                optional(row.getLong("keep")),
                Duration.ofSeconds(Math.max(0, row.getLong("inactive"))));
    }

    private static OptionalLong optional(@Nullable Long value) {
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }
}
