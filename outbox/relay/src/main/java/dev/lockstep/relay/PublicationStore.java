package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * Whether the publication is still the one with which the slot was made, as SQL. Runs on the caller's connection, in autocommit.
 *
 * <p>Rows that were written while a publication lacked them never come through the slot, not even once it is mended. So what counts is not only
 * how the publication is, but that nobody has altered it since the slot exists. The ids of its catalog rows and of the transactions that wrote them
 * tell: both change with every alteration, also with one that was taken back.
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

    // A slot that is being made is among the slots already.
    private static final String RECORD = """
        INSERT INTO outbox_publication (version)
        SELECT v.version
          FROM (SELECT %s AS version) v
         WHERE v.version IS NOT NULL AND NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name IN (?, ?))
        ON CONFLICT (singleton) DO UPDATE SET version = excluded.version
        """.formatted(VERSION);

    private static final String IS_UNCHANGED =
            "SELECT EXISTS (SELECT FROM outbox_publication WHERE version = %s) AS unchanged".formatted(VERSION);

    /** Writes down the publication as it is, unless one was written down: for a slot that is older than this table. */
    void adopt(Connection connection, String publication) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ADOPT)) {
            statement.setString(1, publication);
            statement.executeUpdate();
        }
    }

    /** Writes down the publication as it is. To be called before a slot is made; does nothing while there is one of these. */
    void record(Connection connection, String publication, String slot, String newSlot) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(RECORD)) {
            statement.setString(1, publication);
            statement.setString(2, slot);
            statement.setString(3, newSlot);
            statement.executeUpdate();
        }
    }

    /** Whether the publication is there and nobody has altered it since it was written down. */
    boolean isUnchanged(Connection connection, String publication) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(IS_UNCHANGED)) {
            statement.setString(1, publication);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() && row.getBoolean("unchanged");
            }
        }
    }
}
