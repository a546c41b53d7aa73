package dev.lockstep.relay;

import dev.lockstep.relay.AcknowledgedRows.RowDigest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;

/** SQL for heartbeats and the watermark. Runs on the caller's connection, in autocommit. */
final class WatermarkStore {
    private static final String INSERT_HEARTBEAT = """
        WITH expired AS (DELETE FROM outbox_heartbeat WHERE beat < (SELECT max(beat) - 100 FROM outbox_heartbeat))
        INSERT INTO outbox_heartbeat DEFAULT VALUES
        """;

    // Counts the rows of this step once, here, so that the whole table never has to be counted.
    private static final String MOVE = """
        WITH n AS (SELECT ?::pg_snapshot AS snapshot),
             found AS (SELECT count(*) AS rows, coalesce(bit_xor(substr(uuid_send(o.id), 9)::bigint), 0) AS checksum,
                              coalesce(sum(crc32c(o.payload)), 0)::bigint AS payloads
                         FROM outbox_watermark w, n, LATERAL (%s) o)
        UPDATE outbox_watermark w
           SET beat = ?, snapshot = n.snapshot, acknowledged_at = now(), relayed = w.relayed + found.rows
          FROM n, found
         WHERE w.beat = ?
        """.formatted(SnapshotDiffStore.IDS);

    private static final String MOVE_IF_EQUAL =
            MOVE + " AND found.rows = ? AND found.checksum = ? AND found.payloads = ?";

    private static final String TOUCH = "UPDATE outbox_watermark SET acknowledged_at = now()";

    private static final String LIMIT = "SELECT set_config('statement_timeout', ?, false)";

    private static final String READ = "SELECT beat, snapshot FROM outbox_watermark";

    private static final String AGE =
            "SELECT (extract(epoch FROM clock_timestamp() - acknowledged_at) * 1000)::bigint FROM outbox_watermark";

    /**
     * Turns synchronous commit off for the session. A heartbeat may be lost in a crash of Postgres without harm, so its commit need not
     * wait for the disk.
     */
    void disableSynchronousCommit(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET synchronous_commit = off");
        }
    }

    /** Sets {@code statement_timeout}. */
    void limitStatements(Connection connection, Duration limit) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(LIMIT)) {
            statement.setString(1, Long.toString(limit.toMillis()));
            statement.execute();
        }
    }

    void insertHeartbeat(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate(INSERT_HEARTBEAT);
        }
    }

    /** The position of the watermark. */
    record Watermark(long heartbeatNumber, String snapshot) {}

    Watermark read(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(READ)) {
            if (!row.next()) {
                throw new RelayException("table outbox_watermark must have one row, but is empty", null);
            }
            return new Watermark(row.getLong("beat"), row.getString("snapshot"));
        }
    }

    /**
     * Moves the watermark to a heartbeat that Kafka has acknowledged, if the rows between the two are those that Kafka acknowledged.
     *
     * @return false, and the watermark stays, if they differ or another relay has moved the watermark
     */
    boolean moveIfEqual(Connection connection, Watermark from, Heartbeat beat, RowDigest acknowledged)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(MOVE_IF_EQUAL)) {
            statement.setLong(4, acknowledged.rows());
            statement.setLong(5, acknowledged.checksum());
            statement.setLong(6, acknowledged.payloads());
            return move(statement, from, beat);
        }
    }

    /** Moves the watermark to a heartbeat once all rows between the two are in Kafka. Does nothing if another relay has moved it. */
    void move(Connection connection, Watermark from, Heartbeat beat) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(MOVE)) {
            move(statement, from, beat);
        }
    }

    /** Records that Kafka has acknowledged another heartbeat, although the watermark cannot be moved there yet. */
    void touch(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate(TOUCH);
        }
    }

    private static boolean move(PreparedStatement statement, Watermark from, Heartbeat beat) throws SQLException {
        statement.setString(1, beat.snapshot());
        statement.setLong(2, beat.number());
        statement.setLong(3, from.heartbeatNumber());
        return statement.executeUpdate() == 1;
    }

    /** How long ago the watermark moved, by the database's clock. Empty if the row is missing. */
    Optional<Duration> age(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(AGE)) {
            return row.next() ? Optional.of(Duration.ofMillis(Math.max(0, row.getLong(1)))) : Optional.empty();
        }
    }
}
