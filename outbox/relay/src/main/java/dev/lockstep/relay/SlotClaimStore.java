package dev.lockstep.relay;

import dev.lockstep.relay.SlotStore.SlotState;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/**
 * SQL for the claim on the slot: records which slot a relay is about to read from, and verifies it later. Runs on the caller's connection,
 * in autocommit.
 */
final class SlotClaimStore {
    // After a crash Postgres may report an earlier position for the same slot. A slot with a later position than the
    // unverified one is another slot.
    private static final String CLAIM = """
        INSERT INTO outbox_term AS t (slot_lsn, proven)
        SELECT confirmed_flush_lsn, false
          FROM pg_replication_slots
         WHERE slot_name = ? AND confirmed_flush_lsn = nullif(?, '')::pg_lsn AND NOT active
        ON CONFLICT (singleton) DO UPDATE
           SET slot_lsn = excluded.slot_lsn, proven = false
         WHERE t.proven OR excluded.slot_lsn <= t.slot_lsn
        """;

    private static final String VERIFY = """
        UPDATE outbox_term t SET proven = true
          FROM pg_replication_slots s
         WHERE s.slot_name = ? AND s.confirmed_flush_lsn = nullif(?, '')::pg_lsn AND t.slot_lsn = s.confirmed_flush_lsn
        """;

    private static final String REVOKE = "UPDATE outbox_term SET slot_lsn = nullif(?, '')::pg_lsn, proven = false";

    /**
     * Records that a relay is about to read from this slot.
     *
     * @return false if the slot has changed since it was seen, or may not be the one that a former relay claimed
     */
    boolean claim(Connection connection, String slot, SlotState seen) throws SQLException {
        return update(connection, CLAIM, slot, seen);
    }

    /**
     * Records that the slot is the one that a relay claimed, and that no reader has confirmed anything on it since.
     *
     * @return false if it is not
     */
    boolean verify(Connection connection, String slot, SlotState seen) throws SQLException {
        return update(connection, VERIFY, slot, seen);
    }

    /** Records that a slot behind this position is not the one that a relay claimed, even if another relay has verified one. */
    void revoke(Connection connection, SlotState seen) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(REVOKE)) {
            statement.setString(1, seen.confirmedLsn());
            statement.executeUpdate();
        }
    }

    private static boolean update(Connection connection, String sql, String slot, SlotState seen) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, slot);
            statement.setString(2, seen.confirmedLsn());
            return statement.executeUpdate() == 1;
        }
    }
}
