package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * SQL for the rows between the watermark and a later snapshot: rows that are visible in that snapshot and not in the watermark's. The set
 * does not change, so it can be read page by page without a transaction that stays open while the relay waits for Kafka.
 */
final class SnapshotDiffStore {
    private static final int PAGE = 1_000;
    static final int PAGE_BYTES = 16 * 1024 * 1024;

    /**
     * The ids and payloads of the rows between the snapshots of {@code w} and {@code n}. A transaction is not visible in a snapshot if it
     * began after the snapshot or ran while it was taken. The two branches look for these two cases, and so read these rows only, however
     * old the server's oldest transaction may be.
     */
    // BETWEEN with the same value twice, and OFFSET, keep the planner from choosing a join that reads the whole table.
    static final String IDS = """
        SELECT o.id, o.payload
          FROM outbox o
         WHERE o.xid >= pg_snapshot_xmax(w.snapshot)
           AND o.xid < pg_snapshot_xmax(n.snapshot)
           AND pg_visible_in_snapshot(o.xid, n.snapshot)
        UNION ALL
        SELECT o.id, o.payload
          FROM pg_snapshot_xip(w.snapshot) ran,
               LATERAL (SELECT id, payload
                          FROM outbox
                         WHERE xid BETWEEN ran AND ran AND pg_visible_in_snapshot(xid, n.snapshot)
                        OFFSET 0) o
        """;

    private static final String MISSED = "FROM outbox_watermark w, (SELECT ?::pg_snapshot AS snapshot) n, LATERAL ("
            + IDS + ") o WHERE o.id > coalesce(?::uuid, '00000000-0000-0000-0000-000000000000')";

    // Searches by transaction id: the primary key would lead through every row that was ever relayed.
    private static final String FIRST =
            "WITH missed AS MATERIALIZED (SELECT o.id " + MISSED + ") SELECT id FROM missed ORDER BY id LIMIT 1";

    private static final String INTERVAL = """
          FROM outbox o, outbox_watermark w, (SELECT ?::pg_snapshot AS snapshot) n
         WHERE o.xid >= pg_snapshot_xmin(w.snapshot)
           AND NOT pg_visible_in_snapshot(o.xid, w.snapshot)
           AND pg_visible_in_snapshot(o.xid, n.snapshot)
        """;

    // Ids are generated after the locks that order a key's transactions are taken, so ids have the same order. A page
    // includes the row that fills it, so it is never empty, however large the row is.
    private static final String PAGE_FROM = """
        SELECT %s
          FROM (SELECT o.*, sum(octet_length(o.payload)) OVER (ORDER BY o.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
                %s AND o.id >= ?::uuid ORDER BY o.id LIMIT %d) page
         WHERE coalesce(before, 0) < %d
         ORDER BY id
        """.formatted(OutboxRow.COLUMNS, INTERVAL, PAGE, PAGE_BYTES);

    private static final String PAGE_AFTER = PAGE_FROM.replace("o.id >= ?", "o.id > ?");

    /** Consumes one page of rows at a time. */
    interface PageConsumer {
        void accept(List<OutboxRow> rows) throws SQLException, InterruptedException;
    }

    boolean isEmpty(Connection connection, String snapshot, @Nullable String after) throws SQLException {
        return first(connection, snapshot, after) == null;
    }

    /**
     * Reads the whole set in the order of the ids, page by page.
     *
     * @param after skips ids up to and including this one
     */
    void read(Connection connection, String snapshot, @Nullable String after, PageConsumer pages)
            throws SQLException, InterruptedException {
        String first = first(connection, snapshot, after);
        if (first == null) {
            return;
        }
        // Forces the primary key: sorting the remaining rows for every page would take quadratic time.
        execute(connection, "SET enable_sort = off");
        try {
            List<OutboxRow> page = page(connection, PAGE_FROM, snapshot, first);
            while (!page.isEmpty()) {
                pages.accept(page);
                page = page(connection, PAGE_AFTER, snapshot, page.getLast().id());
            }
        } finally {
            execute(connection, "RESET enable_sort");
        }
    }

    private static @Nullable String first(Connection connection, String snapshot, @Nullable String after)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(FIRST)) {
            statement.setString(1, snapshot);
            statement.setString(2, after);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? row.getString(1) : null;
            }
        }
    }

    private static List<OutboxRow> page(Connection connection, String query, String snapshot, String id)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(query)) {
            statement.setString(1, snapshot);
            statement.setString(2, id);
            try (ResultSet row = statement.executeQuery()) {
                List<OutboxRow> page = new ArrayList<>(PAGE);
                while (row.next()) {
                    page.add(OutboxRow.stored(row));
                }
                return page;
            }
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
