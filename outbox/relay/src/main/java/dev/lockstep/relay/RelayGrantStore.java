package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * SQL that gives a relay with a role of its own what it needs on the tables. Runs on a connection of their owner. The role itself,
 * {@code REPLICATION}, and access to the database and the schema are up to an administrator.
 */
final class RelayGrantStore {
    // Only rights that are missing are granted: a repeated GRANT would write to the catalog again.
    private static final String MISSING = """
        SELECT format('GRANT %s ON %I TO %I', n.privileges, n.name, ?::text) AS statement
          FROM (VALUES ('outbox', 'SELECT'),
                       ('outbox_heartbeat', 'SELECT, INSERT, DELETE'),
                       ('outbox_watermark', 'SELECT, UPDATE'),
                       ('outbox_held', 'SELECT, INSERT, UPDATE, DELETE'),
                       ('outbox_held_topic', 'SELECT, INSERT, UPDATE, DELETE'),
                       ('outbox_term', 'SELECT, INSERT, UPDATE'),
                       ('outbox_recovery', 'SELECT, INSERT, UPDATE'),
                       ('outbox_publication', 'SELECT, INSERT, UPDATE')) n (name, privileges)
         WHERE NOT (SELECT bool_and(has_table_privilege(?::name, n.name, p))
                      FROM unnest(string_to_array(n.privileges, ', ')) p)
        """;

    // Two transactions that change the rights of a table at the same time would fail.
    private static final String LOCK = "SELECT pg_advisory_xact_lock(hashtext('lockstep.relay-grants'))";

    /** Grants the rights that the role lacks, in one transaction. Several instances may do so at the same time. */
    void grant(Connection connection, String role) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute(LOCK);
            for (String grant : missing(connection, role)) {
                statement.execute(grant);
            }
            connection.commit();
        } catch (SQLException | RuntimeException failure) {
            connection.rollback();
            throw failure;
        } finally {
            connection.setAutoCommit(true);
        }
    }

    private static List<String> missing(Connection connection, String role) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(MISSING)) {
            statement.setString(1, role);
            statement.setString(2, role);
            try (ResultSet rows = statement.executeQuery()) {
                List<String> grants = new ArrayList<>();
                while (rows.next()) {
                    grants.add(rows.getString("statement"));
                }
                return grants;
            }
        }
    }
}
