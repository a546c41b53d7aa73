package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;

/** Heartbeats going out and the watermark coming back, as SQL. Runs on the caller's connection, in autocommit. */
final class WatermarkStore {
    private static final String BEAT = """
        WITH worn AS (DELETE FROM outbox_heartbeat WHERE beat < (SELECT max(beat) - 100 FROM outbox_heartbeat))
        INSERT INTO outbox_heartbeat DEFAULT VALUES
        """;

    // The rows that this step covers are counted once, here, so that nobody ever has to count the whole table.
    private static final String MOVE = """
        UPDATE outbox_watermark w
           SET beat = ?, snapshot = n.snapshot, acknowledged_at = now(),
               relayed = relayed + (SELECT count(*)
                                      FROM outbox o
                                     WHERE o.xid >= pg_snapshot_xmin(w.snapshot)
                                       AND pg_visible_in_snapshot(o.xid, n.snapshot)
                                       AND NOT pg_visible_in_snapshot(o.xid, w.snapshot))
          FROM (SELECT ?::pg_snapshot AS snapshot) n
         WHERE beat < ?
        """;

    private static final String AGE =
            "SELECT (extract(epoch FROM clock_timestamp() - acknowledged_at) * 1000)::bigint FROM outbox_watermark";

    /** A heartbeat that a crash of Postgres takes back was none, so its commit need not wait for the disk. */
    void prepareForBeats(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET synchronous_commit = off");
        }
    }

    void beat(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate(BEAT);
        }
    }

    /** Moves the watermark to a beat that Kafka has acknowledged. An older beat than the one it stands at changes nothing. */
    void move(Connection connection, Beat beat) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(MOVE)) {
            statement.setLong(1, beat.number());
            statement.setString(2, beat.snapshot());
            statement.setLong(3, beat.number());
            statement.executeUpdate();
        }
    }

    /** How long ago the watermark moved, by the database's clock. Empty if the row is missing. */
    Optional<Duration> age(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(AGE)) {
            return row.next() ? Optional.of(Duration.ofMillis(Math.max(0, row.getLong(1)))) : Optional.empty();
        }
    }
}
