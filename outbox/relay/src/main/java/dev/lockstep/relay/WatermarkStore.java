package dev.lockstep.relay;

import dev.lockstep.relay.AcknowledgedRows.RowDigest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;

/** Heartbeats going out and the watermark coming back, as SQL. Runs on the caller's connection, in autocommit. */
final class WatermarkStore {
    private static final String INSERT_HEARTBEAT = """
        WITH worn AS (DELETE FROM outbox_heartbeat WHERE beat < (SELECT max(beat) - 100 FROM outbox_heartbeat))
        INSERT INTO outbox_heartbeat DEFAULT VALUES
        """;

    // The rows that this step covers are counted once, here, so that nobody ever has to count the whole table.
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

    /** A heartbeat that a crash of Postgres takes back was none, so its commit need not wait for the disk. */
    void disableSynchronousCommit(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET synchronous_commit = off");
        }
    }

    /** What takes longer is ended by the server. */
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

    /** Where the watermark stands. */
    record Watermark(long heartbeatNumber, String snapshot) {}

    Watermark read(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(READ)) {
            if (!row.next()) {
                throw new RelayException("outbox_watermark has lost its row", null);
            }
            return new Watermark(row.getLong("beat"), row.getString("snapshot"));
        }
    }

    /**
     * Moves the watermark to a beat that Kafka has acknowledged, if the rows between the two are those that Kafka acknowledged.
     *
     * @return false if they are not, or the watermark has been moved by somebody else, and then it stays
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

    /** Moves the watermark to a beat when all that is between the two is in Kafka, unless somebody else has moved it. */
    void move(Connection connection, Watermark from, Heartbeat beat) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(MOVE)) {
            move(statement, from, beat);
        }
    }

    /** Kafka has acknowledged another beat, although the watermark cannot be moved there yet. */
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
