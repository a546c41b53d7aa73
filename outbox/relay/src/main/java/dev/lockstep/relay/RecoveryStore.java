package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** SQL for the progress of sending rows that no slot will deliver. Runs on the caller's connection, in autocommit. */
final class RecoveryStore {
    private static final String BEGIN = """
        INSERT INTO outbox_recovery AS r (slot_lsn, snapshot) VALUES (?::pg_lsn, pg_current_snapshot())
        ON CONFLICT (singleton) DO UPDATE
           SET slot_lsn = excluded.slot_lsn, snapshot = excluded.snapshot, sent = NULL, completed = false,
               holder = NULL, held_until = NULL
         WHERE r.slot_lsn <> excluded.slot_lsn
        """;

    private static final String FIND = "SELECT slot_lsn, snapshot, sent, completed FROM outbox_recovery";

    private static final String ACQUIRE_LEASE = """
        UPDATE outbox_recovery
           SET holder = ?, held_until = clock_timestamp() + interval '10 s'
         WHERE NOT completed AND (holder = ? OR held_until IS NULL OR held_until < clock_timestamp())
        """;

    private static final String LEASED_BY_ANOTHER = """
        SELECT FROM outbox_recovery WHERE NOT completed AND holder <> ? AND held_until > clock_timestamp()
        """;

    private static final String RECORD_PROGRESS = """
        UPDATE outbox_recovery
           SET sent = ?::uuid, held_until = clock_timestamp() + interval '10 s'
         WHERE holder = ? AND slot_lsn = ?::pg_lsn
        """;

    // Moves the watermark, because the first comparison after a recovery would otherwise find all of these rows missing
    // and send them again. Sets its beat to the newest heartbeat, because a former leader that resumes could otherwise
    // move the watermark back. Claims the slot that is created next.
    private static final String COMPLETE = """
        WITH done AS (UPDATE outbox_recovery SET completed = true WHERE slot_lsn = ?::pg_lsn AND NOT completed
                      RETURNING slot_lsn, snapshot),
             term AS (INSERT INTO outbox_term (slot_lsn, proven) SELECT slot_lsn, false FROM done
                      ON CONFLICT (singleton) DO UPDATE SET slot_lsn = excluded.slot_lsn, proven = false)
        UPDATE outbox_watermark w
           SET beat = greatest(w.beat, (SELECT max(beat) FROM outbox_heartbeat)),
               snapshot = n.snapshot, acknowledged_at = now(),
               relayed = w.relayed + (SELECT count(*) FROM (%s) o)
          FROM done n
        """.formatted(SnapshotDiffStore.IDS);

    /**
     * Which rows must be sent from the table, and how many of them have been.
     *
     * @param slotLsn the position at which the slot that does not deliver them begins
     * @param snapshot taken after that slot was created: rows that are not visible in it come through the slot
     * @param sent the id up to which Kafka has acknowledged everything, or null at the beginning
     */
    record Progress(
            String slotLsn, String snapshot, @Nullable String sent, boolean completed) {}

    /** Records which rows the slot that begins at this position will not deliver, unless that is recorded already. */
    Progress begin(Connection connection, String slotLsn) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(BEGIN)) {
            statement.setString(1, slotLsn);
            statement.executeUpdate();
        }
        return find(connection)
                .orElseThrow(() -> new RelayException("table outbox_recovery must have one row, but is empty", null));
    }

    Optional<Progress> find(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(FIND)) {
            return row.next()
                    ? Optional.of(new Progress(
                            row.getString("slot_lsn"),
                            row.getString("snapshot"),
                            row.getString("sent"),
                            row.getBoolean("completed")))
                    : Optional.empty();
        }
    }

    /**
     * Acquires the lease for this relay for ten seconds. Two relays at once would lose nothing and keep the order, but send every row
     * twice.
     *
     * @return false while another relay holds it
     */
    boolean acquireLease(Connection connection, UUID relay) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ACQUIRE_LEASE)) {
            statement.setObject(1, relay);
            statement.setObject(2, relay);
            return statement.executeUpdate() == 1;
        }
    }

    /** Whether another relay holds the lease and it has not expired. */
    boolean isLeasedByAnother(Connection connection, UUID relay) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(LEASED_BY_ANOTHER)) {
            statement.setObject(1, relay);
            try (ResultSet row = statement.executeQuery()) {
                return row.next();
            }
        }
    }

    /**
     * Records that Kafka has acknowledged everything up to this id, and extends the lease by ten seconds.
     *
     * @return false if another relay holds the lease now, or another slot has been created
     */
    boolean recordProgress(Connection connection, UUID relay, String slotLsn, String id) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(RECORD_PROGRESS)) {
            statement.setString(1, id);
            statement.setObject(2, relay);
            statement.setString(3, slotLsn);
            return statement.executeUpdate() == 1;
        }
    }

    /** Records that Kafka has acknowledged all of the rows, and moves the watermark to the snapshot. */
    void complete(Connection connection, String slotLsn) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(COMPLETE)) {
            statement.setString(1, slotLsn);
            statement.executeUpdate();
        }
    }
}
