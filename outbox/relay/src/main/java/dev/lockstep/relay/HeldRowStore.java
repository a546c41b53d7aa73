package dev.lockstep.relay;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** SQL for held rows. Runs on the caller's connection, in autocommit. */
final class HeldRowStore {
    private static final Duration MAX_COMMIT_WAIT = Duration.ofSeconds(5);

    // A row that is already held keeps its position: after a crash the slot delivers it again, behind newer rows that
    // are held. A row that was deleted in the meantime can never be sent and is skipped. LATERAL and OFFSET keep the
    // planner from reading the whole outbox to find a few rows by their ids.
    private static final String HOLD = """
        WITH given AS (SELECT g.*
                         FROM unnest(?::uuid[], ?::text[], ?::bigint[], ?::text[]) WITH ORDINALITY
                              AS g (id, topic, key_hash, refusal, nth)),
             held AS (INSERT INTO outbox_held (id, topic, key_hash, xid, refusal)
                      SELECT g.id, g.topic, g.key_hash, o.xid, g.refusal
                        FROM given g, LATERAL (SELECT xid FROM outbox WHERE id = g.id OFFSET 0) o
                       ORDER BY g.nth
                      ON CONFLICT (id) DO NOTHING
                      RETURNING topic),
             counted AS (SELECT topic, count(*) AS rows FROM held GROUP BY topic),
             refused AS (SELECT DISTINCT ON (topic) topic, id, coalesce(refusal, 'it waits behind another row') AS reason
                           FROM given ORDER BY topic, refusal IS NULL, nth)
        INSERT INTO outbox_held_topic AS t (topic, rows, row_id, reason)
        SELECT r.topic, coalesce(c.rows, 0), r.id, r.reason
          FROM refused r LEFT JOIN counted c ON c.topic = r.topic
         ORDER BY r.topic
        ON CONFLICT (topic) DO UPDATE SET rows = t.rows + excluded.rows
        """;

    // The WAL carries the lower 32 bits of a transaction id. They are compared modulo 2^32, as Postgres compares xids.
    private static final String NOT_YET_VISIBLE = """
        SELECT EXISTS (SELECT FROM unnest(?::uuid[], ?::bigint[]) AS g (id, xid)
                         LEFT JOIN LATERAL (SELECT id FROM outbox WHERE id = g.id OFFSET 0) o ON true
                        CROSS JOIN (SELECT (pg_snapshot_xmax(s)::text::numeric %% %1$d)::bigint AS next,
                                           ARRAY(SELECT (x::text::numeric %% %1$d)::bigint FROM pg_snapshot_xip(s) x) AS running
                                      FROM pg_current_snapshot() s) now
                        WHERE o.id IS NULL
                          AND (g.xid = ANY (now.running) OR (g.xid - now.next + %1$d) %% %1$d < %1$d / 2))
        """.formatted(1L << 32);

    private static final String SHORT_PAUSE = "SELECT pg_sleep(0.02)";

    private static final String TOPICS = "SELECT topic, rows, row_id, reason FROM outbox_held_topic";

    // Rows behind an earlier row that is still held are left out. The scalar subquery forces an index probe, whatever
    // the planner estimates. A page includes the row that fills it, so it is never empty because of a large row.
    private static final String PAGE = """
        SELECT *
          FROM (SELECT h.*, count(*) OVER () AS found,
                       sum(octet_length(h.payload)) OVER (ORDER BY h.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
                  FROM (SELECT e.id AS held_id, e.position, o.*
                          FROM outbox_held e
                          LEFT JOIN LATERAL (SELECT %s
                                               FROM outbox WHERE id = e.id OFFSET 0) o ON true
                         WHERE e.topic = ? AND e.position > ?
                           AND (SELECT true FROM outbox_held b
                                 WHERE b.topic = e.topic AND b.key_hash = e.key_hash AND b.position <= ? LIMIT 1) IS NULL
                         ORDER BY e.position
                         LIMIT ?) h) page
         WHERE coalesce(before, 0) < %d
         ORDER BY position
        """.formatted(OutboxRow.COLUMNS, SnapshotDiffStore.PAGE_BYTES);

    private static final String DELETED = """
        SELECT e.id, e.position, o.id IS NULL AS deleted
          FROM outbox_held e
          LEFT JOIN LATERAL (SELECT id FROM outbox WHERE id = e.id OFFSET 0) o ON true
         WHERE e.topic = ? AND e.position > ?
         ORDER BY e.position
         LIMIT ?
        """;

    private static final String REMOVE = """
        WITH gone AS (DELETE FROM outbox_held WHERE id = ANY (?::uuid[]) RETURNING id)
        UPDATE outbox_held_topic SET rows = greatest(0, rows - (SELECT count(*) FROM gone)) WHERE topic = ?
        """;

    private static final String REFUSED = """
        UPDATE outbox_held h SET refusal = r.refusal
          FROM unnest(?::uuid[], ?::text[]) AS r (id, refusal)
         WHERE h.id = r.id AND h.refusal IS DISTINCT FROM r.refusal
        """;

    private static final String UPDATE_REASON = """
        UPDATE outbox_held_topic SET row_id = ?, reason = ?
         WHERE topic = ? AND (row_id IS DISTINCT FROM ? OR reason IS DISTINCT FROM ?)
        """;

    // Steps from key to key through the index, because a single key may have very many rows.
    private static final String KEYS = """
        WITH RECURSIVE keys AS (
            (SELECT key_hash FROM outbox_held WHERE topic = ? ORDER BY key_hash LIMIT 1)
            UNION ALL
            SELECT (SELECT key_hash FROM outbox_held WHERE topic = ? AND key_hash > k.key_hash ORDER BY key_hash LIMIT 1)
              FROM keys k
             WHERE k.key_hash IS NOT NULL
        )
        SELECT key_hash FROM keys WHERE key_hash IS NOT NULL LIMIT ?
        """;

    private static final String LOCK = "SELECT FROM outbox_held_topic WHERE topic = ? FOR UPDATE";

    private static final String RELEASE = """
        DELETE FROM outbox_held_topic t
         WHERE topic = ? AND NOT EXISTS (SELECT FROM outbox_held h WHERE h.topic = t.topic)
        """;

    /**
     * A topic with held rows.
     *
     * @param row a row that Kafka refused
     * @param reason Kafka's reason
     */
    record TopicStatus(long rows, String row, String reason) {}

    /**
     * A page of a topic's held rows, in the order in which they are to be sent.
     *
     * @param deletedIds ids of held rows that are no longer in the outbox
     * @param lastPosition the position of the last row of the page
     * @param found how many rows there were before the page was cut to its size limit
     */
    record Page(List<OutboxRow> rows, List<UUID> deletedIds, long lastPosition, int found) {
        boolean isEmpty() {
            return found == 0;
        }
    }

    /** Holds the rows back, in this order and behind those that are already held. Either all of them are held or none. */
    void hold(Connection connection, List<HeldRow> rows) throws SQLException {
        awaitVisible(connection, rows);
        try (PreparedStatement statement = connection.prepareStatement(HOLD)) {
            statement.setArray(1, ids(connection, rows));
            statement.setArray(
                    2, array(connection, "text", rows, row -> row.orderingKey().topic()));
            statement.setArray(
                    3,
                    array(connection, "bigint", rows, row -> row.orderingKey().keyHash()));
            statement.setArray(4, refusals(connection, rows));
            statement.executeUpdate();
        }
    }

    // A walsender may send a transaction before other sessions see it: its commit is in the WAL, but the backend has
    // not yet removed it from the list of running transactions. Once the transaction has ended, a row that is not
    // visible was deleted.
    private static void awaitVisible(Connection connection, List<HeldRow> rows) throws SQLException {
        List<HeldRow> captured =
                rows.stream().filter(row -> row.transaction() != null).toList();
        long deadline = System.nanoTime() + MAX_COMMIT_WAIT.toNanos();
        while (isAnyNotYetVisible(connection, captured)) {
            if (System.nanoTime() - deadline > 0) {
                throw new SQLException("rows read from the slot are not visible after " + MAX_COMMIT_WAIT.toSeconds()
                        + " s because their transactions have not ended");
            }
            text(connection, SHORT_PAUSE);
        }
    }

    private static boolean isAnyNotYetVisible(Connection connection, List<HeldRow> captured) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(NOT_YET_VISIBLE)) {
            statement.setArray(1, ids(connection, captured));
            statement.setArray(2, array(connection, "bigint", captured, HeldRow::transaction));
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    private static String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    /** Returns the topics that have held rows. */
    Map<String, TopicStatus> topics(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(TOPICS)) {
            Map<String, TopicStatus> topics = new HashMap<>();
            while (row.next()) {
                topics.put(
                        row.getString("topic"),
                        new TopicStatus(row.getLong("rows"), row.getString("row_id"), row.getString("reason")));
            }
            return topics;
        }
    }

    /** Returns the next rows behind a position, without those whose key has a held row at or before that position. */
    Page page(Connection connection, String topic, long after, int limit) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(PAGE)) {
            statement.setString(1, topic);
            statement.setLong(2, after);
            statement.setLong(3, after);
            statement.setInt(4, limit);
            try (ResultSet row = statement.executeQuery()) {
                List<OutboxRow> rows = new ArrayList<>();
                List<UUID> gone = new ArrayList<>();
                long last = after;
                int found = 0;
                while (row.next()) {
                    last = row.getLong("position");
                    found = row.getInt("found");
                    if (row.getString("id") == null) {
                        gone.add(row.getObject("held_id", UUID.class));
                    } else {
                        rows.add(OutboxRow.stored(row));
                    }
                }
                return new Page(rows, gone, last, found);
            }
        }
    }

    /** Finds out which of the next rows behind a position are no longer in the outbox. The page contains no rows, only ids. */
    Page findDeleted(Connection connection, String topic, long after, int limit) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(DELETED)) {
            statement.setString(1, topic);
            statement.setLong(2, after);
            statement.setInt(3, limit);
            try (ResultSet row = statement.executeQuery()) {
                List<UUID> gone = new ArrayList<>();
                long last = after;
                int found = 0;
                while (row.next()) {
                    found++;
                    last = row.getLong("position");
                    if (row.getBoolean("deleted")) {
                        gone.add(row.getObject("id", UUID.class));
                    }
                }
                return new Page(List.of(), gone, last, found);
            }
        }
    }

    /** Removes rows of the topic that Kafka has acknowledged, or that were deleted from the outbox. */
    void remove(Connection connection, String topic, List<UUID> ids) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(REMOVE)) {
            statement.setArray(1, connection.createArrayOf("uuid", ids.toArray()));
            statement.setString(2, topic);
            statement.executeUpdate();
        }
    }

    /** Records why Kafka has refused these rows again. */
    void updateRefusals(Connection connection, List<HeldRow> rows) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(REFUSED)) {
            statement.setArray(1, ids(connection, rows));
            statement.setArray(2, refusals(connection, rows));
            statement.executeUpdate();
        }
    }

    /** Records Kafka's current reason for a topic. */
    void updateReason(Connection connection, String topic, String row, String reason) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(UPDATE_REASON)) {
            UUID id = UUID.fromString(row);
            statement.setObject(1, id);
            statement.setString(2, reason);
            statement.setString(3, topic);
            statement.setObject(4, id);
            statement.setString(5, reason);
            statement.executeUpdate();
        }
    }

    /** Returns the keys of a topic that have held rows, up to a maximum number. */
    Set<Long> keys(Connection connection, String topic, int most) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(KEYS)) {
            statement.setString(1, topic);
            statement.setString(2, topic);
            statement.setInt(3, most);
            try (ResultSet row = statement.executeQuery()) {
                Set<Long> keys = new HashSet<>();
                while (row.next()) {
                    keys.add(row.getLong(1));
                }
                return keys;
            }
        }
    }

    /** Removes a topic without held rows. The topic stays if a former leader is adding rows to it at this moment. */
    void release(Connection connection, String topic) throws SQLException {
        connection.setAutoCommit(false);
        try {
            // Two statements: the second one sees what the previous holder of the row lock has committed.
            execute(connection, LOCK, topic);
            execute(connection, RELEASE, topic);
            connection.commit();
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    private static void execute(Connection connection, String sql, String topic) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, topic);
            statement.execute();
        }
    }

    private static Array ids(Connection connection, List<HeldRow> rows) throws SQLException {
        return array(connection, "uuid", rows, HeldRow::id);
    }

    private static Array refusals(Connection connection, List<HeldRow> rows) throws SQLException {
        return array(
                connection,
                "text",
                rows,
                row -> row.refusal() == null ? null : row.refusal().reason());
    }

    private static Array array(
            Connection connection, String type, List<HeldRow> rows, Function<HeldRow, @Nullable Object> value)
            throws SQLException {
        return connection.createArrayOf(type, rows.stream().map(value).toArray());
    }
}
