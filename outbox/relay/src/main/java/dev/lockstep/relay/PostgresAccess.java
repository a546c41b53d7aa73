package dev.lockstep.relay;

import java.util.Map;

/**
 * How the relay connects to its database.
 *
 * @param relay reads from the slot and keeps the relay's state; needs {@code REPLICATION}
 * @param owner owns the tables of the outbox. Creates the publication, and grants {@code relay} its rights on the tables if that is another
 *     role; may be the same role
 * @param driverProperties properties of the JDBC driver for all connections, such as {@code sslmode}
 */
public record PostgresAccess(
        String host,
        int port,
        String database,
        PostgresRole relay,
        PostgresRole owner,
        Map<String, String> driverProperties) {
    public PostgresAccess {
        driverProperties = Map.copyOf(driverProperties);
    }

    /** Connections without TLS, with one role for everything. */
    public PostgresAccess(String host, int port, String database, PostgresRole role) {
        this(host, port, database, role, role, Map.of("sslmode", "disable"));
    }

    boolean hasOwnRole() {
        return !relay.user().equals(owner.user());
    }
}
