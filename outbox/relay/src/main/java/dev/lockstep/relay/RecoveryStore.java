package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** How far the sending of rows that no slot will bring has come, as SQL. Runs on the caller's connection, in autocommit. */
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

    // The watermark moves with it: the first engine has seen none of these rows, and would have all of them sent once
    // more. Its beat moves too, or a leader from before that wakes up would move it back. And the slot that is made now
    // is the one to read from.
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
     * What is to be sent from the table and how much of it has been.
     *
     * @param slotLsn where the slot begins that does not bring it
     * @param snapshot taken once that slot was there: what is not visible in it comes through the slot
     * @param sent the id up to which Kafka has acknowledged everything, or null at the beginning
     */
    record Progress(
            String slotLsn, String snapshot, @Nullable String sent, boolean completed) {}

    /** Writes down what the slot that begins at this position will not bring, unless that is known already. */
    Progress begin(Connection connection, String slotLsn) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(BEGIN)) {
            statement.setString(1, slotLsn);
            statement.executeUpdate();
        }
        return find(connection).orElseThrow(() -> new RelayException("outbox_recovery lost its row", null));
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
     * Makes the sending this relay's for the next ten seconds. Two at once would lose nothing and keep the order, but send all of it twice.
     *
     * @return false while it is another's
     */
    boolean acquireLease(Connection connection, UUID relay) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ACQUIRE_LEASE)) {
            statement.setObject(1, relay);
            statement.setObject(2, relay);
            return statement.executeUpdate() == 1;
        }
    }

    /** Whether another one has made the sending its own and is not over time. */
    boolean isLeasedByAnother(Connection connection, UUID relay) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(LEASED_BY_ANOTHER)) {
            statement.setObject(1, relay);
            try (ResultSet row = statement.executeQuery()) {
                return row.next();
            }
        }
    }

    /**
     * Kafka has acknowledged everything up to this id.
     *
     * @return false if the sending has become another relay's, or another slot's
     */
    boolean recordProgress(Connection connection, UUID relay, String slotLsn, String id) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(RECORD_PROGRESS)) {
            statement.setString(1, id);
            statement.setObject(2, relay);
            statement.setString(3, slotLsn);
            return statement.executeUpdate() == 1;
        }
    }

    /** Kafka has acknowledged all of it, so all of it is relayed. */
    void complete(Connection connection, String slotLsn) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(COMPLETE)) {
            statement.setString(1, slotLsn);
            statement.executeUpdate();
        }
    }
}
