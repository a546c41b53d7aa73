package dev.lockstep.relay;

import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** The committed rows that the watermark does not know as relayed, as SQL. */
final class BacklogStore {
    private static final int PAGE = 1_000;

    // The id is made after the locks that order a key's transactions are taken, so its order is theirs.
    private static final String PENDING = """
            SELECT o.id, o.aggregateid, o.type, o.payload, o.topic, o.traceparent, o.headers, o.created_at
              FROM outbox o, outbox_watermark w
             WHERE o.xid >= pg_snapshot_xmin(w.snapshot)
               AND NOT pg_visible_in_snapshot(o.xid, w.snapshot)
             ORDER BY o.id
            """;

    /** Takes some rows at a time. Called until there are no more. */
    interface Pages {
        void accept(List<OutboxRow> rows) throws SQLException, InterruptedException;
    }

    /** Reads all of them in one snapshot, which shows no row of a key without the ones committed before it. */
    void read(Connection connection, Pages pages) throws SQLException, InterruptedException {
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            // Without it, and without autocommit off, the driver would fetch the whole backlog into memory.
            statement.setFetchSize(PAGE);
            try (ResultSet row = statement.executeQuery(PENDING)) {
                List<OutboxRow> page = new ArrayList<>(PAGE);
                while (row.next()) {
                    page.add(toRow(row));
                    if (page.size() == PAGE) {
                        pages.accept(List.copyOf(page));
                        page.clear();
                    }
                }
                pages.accept(List.copyOf(page));
            }
        }
        connection.commit();
        connection.setAutoCommit(true);
    }

    private static OutboxRow toRow(ResultSet row) throws SQLException {
        byte[] payload = row.getBytes("payload");
        return new OutboxRow(
                row.getString("id"),
                row.getString("aggregateid"),
                row.getString("type"),
                payload == null ? null : ByteBuffer.wrap(payload),
                row.getString("topic"),
                row.getString("traceparent"),
                row.getString("headers"),
                row.getTimestamp("created_at").toInstant());
    }
}
