package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** SQL for publications and replication slots. Runs on the caller's connection, in autocommit. */
final class SlotStore {
    private static final String DUPLICATE_OBJECT = "42710";
    private static final String INSUFFICIENT_PRIVILEGE = "42501";
    private static final String UNIQUE_VIOLATION = "23505";
    private static final String UNDEFINED_OBJECT = "42704";
    private static final String OBJECT_IN_USE = "55006";

    // created_at and xid are not published: Kafka needs neither, and parsing a timestamp takes an eighth of the
    // engine's time.
    private static final String COLUMNS =
            "id, aggregatetype, aggregateid, type, payload, topic, traceparent, headers, sequence, previous_id, resend_of";

    private static final String TABLES = "outbox (" + COLUMNS + "), outbox_heartbeat";

    private static final String PUBLISH_OPTIONS = "(publish = 'insert', publish_via_partition_root = true)";

    private static final String PUBLISHED = """
            SELECT p.pubinsert AND p.pubviaroot AS inserts,
                   NOT EXISTS (SELECT FROM (VALUES ('outbox', '%s'), ('outbox_heartbeat', 'beat, snapshot')) n (name, columns)
                                WHERE NOT EXISTS (SELECT FROM pg_publication_tables t
                                                   WHERE t.pubname = p.pubname
                                                     AND t.schemaname = 'public'
                                                     AND t.tablename = n.name
                                                     AND t.rowfilter IS NULL
                                                     AND t.attnames::text[] @> string_to_array(n.columns, ', '))) AS tables
              FROM pg_publication p
             WHERE p.pubname = ?
            """.formatted(COLUMNS);

    private static final String CREATE_SLOT = "SELECT pg_create_logical_replication_slot(?, 'pgoutput')";

    private static final String COPY_SLOT = "SELECT lsn FROM pg_copy_logical_replication_slot(?, ?)";

    // Never drops a slot of another database or an active one. The variants below recheck the slot's state in the same
    // statement, because another instance may have replaced it meanwhile.
    private static final String DROP_SLOT = """
        SELECT pg_drop_replication_slot(slot_name)
          FROM pg_replication_slots
         WHERE slot_name = ? AND database = current_database() AND NOT active
        """;

    private static final String DROP_LOST_SLOT =
            DROP_SLOT + " AND (invalidation_reason IS NOT NULL OR wal_status = 'lost')";

    private static final String DROP_REDUNDANT_SLOT = DROP_SLOT + """
           AND EXISTS (SELECT FROM pg_replication_slots s
                        WHERE s.slot_name = ? AND s.invalidation_reason IS NULL AND s.wal_status <> 'lost')
        """;

    private static final String DROP_UNVERIFIED_SLOT =
            DROP_SLOT + " AND confirmed_flush_lsn > (SELECT slot_lsn FROM outbox_term WHERE NOT proven)";

    private static final String TERMINATE_WALSENDER = """
        SELECT pg_terminate_backend(a.pid) AS terminated
          FROM pg_replication_slots s
          JOIN pg_stat_activity a ON a.pid = s.active_pid
         WHERE s.slot_name = ? AND s.database = current_database()
           AND (host(a.client_addr) || ' ' || a.client_port) = ANY (?)
        """;

    private static final String STATE = """
        SELECT active, wal_status, invalidation_reason, database = current_database() AS ours,
               confirmed_flush_lsn,
               coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint AS retained
          FROM pg_replication_slots
         WHERE slot_name = ?
        """;

    /**
     * The state of a slot as Postgres reports it.
     *
     * @param invalidationReason why Postgres invalidated the slot, or null while it is valid. An invalidated slot never recovers
     * @param confirmedLsn the position up to which its reader has confirmed; only a reader moves it
     * @param retainedBytes how many bytes of WAL the slot keeps from being recycled
     */
    record SlotState(
            boolean active,
            @Nullable String invalidationReason,
            boolean inCurrentDatabase,
            String confirmedLsn,
            long retainedBytes) {
        /** Whether Postgres has invalidated the slot. */
        boolean isLost() {
            return invalidationReason != null;
        }
    }

    /**
     * Creates the publication unless it exists. An existing one that lacks operations or tables is set to those of the relay, whatever else
     * it had. A concurrent call that does the same is not an error.
     *
     * @throws RelayException if the publication is incomplete and another role owns it
     */
    void createPublication(Connection connection, String publication) throws SQLException {
        String name;
        try (Statement statement = connection.createStatement()) {
            name = statement.enquoteIdentifier(publication, false);
        }
        if (published(connection, publication).isEmpty()) {
            createPublicationNamed(connection, name);
        }
        // In two steps: the result for a partitioned table depends on the options.
        if (published(connection, publication)
                .filter(PublicationContents::inserts)
                .isEmpty()) {
            alter(connection, publication, "ALTER PUBLICATION " + name + " SET " + PUBLISH_OPTIONS);
        }
        if (published(connection, publication)
                .filter(PublicationContents::tables)
                .isEmpty()) {
            alter(connection, publication, "ALTER PUBLICATION " + name + " SET TABLE " + TABLES);
        }
    }

    /** Whether the publication has everything that {@link #createPublication} would give it. */
    boolean isPublicationComplete(Connection connection, String publication) throws SQLException {
        return published(connection, publication)
                .filter(PublicationContents::inserts)
                .filter(PublicationContents::tables)
                .isPresent();
    }

    private static void createPublicationNamed(Connection connection, String name) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE PUBLICATION " + name + " FOR TABLE " + TABLES + " WITH " + PUBLISH_OPTIONS);
        } catch (SQLException failure) {
            rethrowUnless(failure, DUPLICATE_OBJECT, UNIQUE_VIOLATION);
        }
    }

    private static void alter(Connection connection, String publication, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException failure) {
            if (INSUFFICIENT_PRIVILEGE.equals(failure.getSQLState())) {
                throw new RelayException(
                        "publication %s is owned by another role and is incomplete; it must publish %s with %s"
                                .formatted(publication, TABLES, PUBLISH_OPTIONS),
                        failure);
            }
            rethrowUnless(failure, DUPLICATE_OBJECT, UNIQUE_VIOLATION);
        }
    }

    /** Whether a publication publishes inserts in the way the relay reads them, and both tables with all columns and rows. */
    private record PublicationContents(boolean inserts, boolean tables) {}

    private static Optional<PublicationContents> published(Connection connection, String publication)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(PUBLISHED)) {
            statement.setString(1, publication);
            try (ResultSet row = statement.executeQuery()) {
                return row.next()
                        ? Optional.of(new PublicationContents(row.getBoolean("inserts"), row.getBoolean("tables")))
                        : Optional.empty();
            }
        }
    }

    /** Creates a slot, unless it exists. Waits until all transactions that write at this moment have ended. */
    void create(Connection connection, String slot) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(CREATE_SLOT)) {
            statement.setString(1, slot);
            statement.execute();
        } catch (SQLException failure) {
            rethrowUnless(failure, DUPLICATE_OBJECT);
        }
    }

    /**
     * Copies a slot; the copy has the same position.
     *
     * @return the position; empty if the copy existed already, or the original did not exist
     */
    Optional<String> copy(Connection connection, String slot, String copy) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(COPY_SLOT)) {
            statement.setString(1, slot);
            statement.setString(2, copy);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return Optional.of(row.getString(1));
            }
        } catch (SQLException failure) {
            rethrowUnless(failure, DUPLICATE_OBJECT, UNDEFINED_OBJECT);
            return Optional.empty();
        }
    }

    /**
     * Drops an inactive slot of this database.
     *
     * @return whether a slot was dropped
     */
    boolean drop(Connection connection, String slot) throws SQLException {
        return drop(connection, DROP_SLOT, slot);
    }

    /** As {@link #drop}, unless the slot is valid. */
    boolean dropLost(Connection connection, String slot) throws SQLException {
        return drop(connection, DROP_LOST_SLOT, slot);
    }

    /** As {@link #drop}, unless the other slot is missing or lost. */
    boolean dropRedundant(Connection connection, String slot, String other) throws SQLException {
        return drop(connection, DROP_REDUNDANT_SLOT, slot, other);
    }

    /** As {@link #drop}, unless the slot may be the one that a relay last claimed. */
    boolean dropUnverified(Connection connection, String slot) throws SQLException {
        return drop(connection, DROP_UNVERIFIED_SLOT, slot);
    }

    private static boolean drop(Connection connection, String query, String... slots) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(query)) {
            for (int i = 0; i < slots.length; i++) {
                statement.setString(i + 1, slots[i]);
            }
            try (ResultSet row = statement.executeQuery()) {
                return row.next();
            }
        } catch (SQLException failure) {
            rethrowUnless(failure, UNDEFINED_OBJECT, OBJECT_IN_USE);
            return false;
        }
    }

    /**
     * Terminates the session that reads the slot, if it comes from one of these addresses: address and port, separated by a space.
     *
     * @return whether there was such a session
     */
    boolean terminateWalsender(Connection connection, String slot, String... addresses) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(TERMINATE_WALSENDER)) {
            statement.setString(1, slot);
            statement.setArray(2, connection.createArrayOf("text", addresses));
            try (ResultSet row = statement.executeQuery()) {
                return row.next();
            }
        }
    }

    Optional<SlotState> state(Connection connection, String slot) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(STATE)) {
            statement.setString(1, slot);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(toState(row)) : Optional.empty();
            }
        }
    }

    private static SlotState toState(ResultSet row) throws SQLException {
        String reason = row.getString("invalidation_reason");
        String lost = reason != null ? reason : "lost".equals(row.getString("wal_status")) ? "wal_removed" : null;
        return new SlotState(
                row.getBoolean("active"),
                lost,
                row.getBoolean("ours"),
                Objects.requireNonNullElse(row.getString("confirmed_flush_lsn"), ""),
                row.getLong("retained"));
    }

    private static void rethrowUnless(SQLException failure, String... states) throws SQLException {
        if (!List.of(states).contains(failure.getSQLState())) {
            throw failure;
        }
    }
}
