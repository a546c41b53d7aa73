package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * SQL that checks whether the publication is unchanged since the slot was created. Runs on the caller's connection, in autocommit.
 *
 * <p>Rows that were written while the publication lacked them never come through the slot, even after the publication is repaired. It is
 * therefore not enough that the publication is complete; it must not have been altered since the slot exists. The version is built from the
 * ids of its catalog rows and of the transactions that wrote them: every alteration changes it, including one that was reverted.
 */
final class PublicationStore {
    private static final String VERSION = """
        (SELECT concat_ws(' ', p.oid, p.xmin,
                          (SELECT string_agg(concat_ws(':', r.oid, r.xmin), ' ' ORDER BY r.oid)
                             FROM pg_publication_rel r
                            WHERE r.prpubid = p.oid
                              AND r.prrelid IN (to_regclass('public.outbox'), to_regclass('public.outbox_heartbeat'))),
                          (SELECT string_agg(concat_ws(':', n.oid, n.xmin), ' ' ORDER BY n.oid)
                             FROM pg_publication_namespace n
                            WHERE n.pnpubid = p.oid))
           FROM pg_publication p
          WHERE p.pubname = ?)
        """;

    private static final String ADOPT = """
        INSERT INTO outbox_publication (version)
        SELECT v.version FROM (SELECT %s AS version) v WHERE v.version IS NOT NULL
        ON CONFLICT DO NOTHING
        """.formatted(VERSION);

    // A slot that is still being created is listed in pg_replication_slots already.
    private static final String RECORD = """
        INSERT INTO outbox_publication (version)
        SELECT v.version
          FROM (SELECT %s AS version) v
         WHERE v.version IS NOT NULL AND NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name IN (?, ?))
        ON CONFLICT (singleton) DO UPDATE SET version = excluded.version
        """.formatted(VERSION);

    private static final String IS_UNCHANGED =
            "SELECT EXISTS (SELECT FROM outbox_publication WHERE version = %s) AS unchanged".formatted(VERSION);

    /** Records the publication in its current state, unless a version is recorded already: for a slot that is older than this table. */
    void adopt(Connection connection, String publication) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ADOPT)) {
            statement.setString(1, publication);
            statement.executeUpdate();
        }
    }

    /**
     * Records the publication in its current state. Must be called before a slot is created; does nothing while one of the two slots
     * exists.
     */
    void record(Connection connection, String publication, String slot, String newSlot) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(RECORD)) {
            statement.setString(1, publication);
            statement.setString(2, slot);
            statement.setString(3, newSlot);
            statement.executeUpdate();
        }
    }

    /** Whether the publication exists and is unchanged since it was recorded. */
    boolean isUnchanged(Connection connection, String publication) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(IS_UNCHANGED)) {
            statement.setString(1, publication);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() && row.getBoolean("unchanged");
            }
        }
    }
}
