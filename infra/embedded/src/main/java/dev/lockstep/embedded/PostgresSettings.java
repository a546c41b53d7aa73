package dev.lockstep.embedded;

import java.util.List;

/** The complete contents of {@code postgresql.conf} and {@code pg_hba.conf}, rewritten at every start. */
final class PostgresSettings {
    private PostgresSettings() {}

    /**
     * Allows connections from this machine, with a password. Physical replication, which copies the whole server, is not allowed: in
     * pg_hba.conf {@code all} does not include the keyword {@code replication}.
     */
    static List<String> hbaRules() {
        return List.of("host all all 127.0.0.1/32 scram-sha-256");
    }

    /** @param disposable whether the data is deleted with the server, so that nothing has to reach the disk */
    static List<String> serverSettings(String host, int port, boolean disposable) {
        return List.of(
                "listen_addresses = '" + host + "'",
                "port = " + port,
                // No Unix socket: its path is limited to 107 characters, and no client uses it.
                "unix_socket_directories = ''",
                "max_connections = 200",
                "shared_buffers = 256MB",
                "jit = off",
                // As for an SSD. With the default, the planner ignores indexes while a table is small.
                "random_page_cost = 1.1",
                "timezone = 'UTC'",
                "datestyle = 'iso, mdy'",
                "lc_messages = 'C'",
                "password_encryption = scram-sha-256",
                // A client computes this many hashes for each connection, which is slow in a JVM that has just started.
                // Only passwords that can be guessed need many; those of this server are random or public.
                "scram_iterations = 1",
                // Acknowledged commits must be durable: Lockstep's guarantees depend on these three settings.
                "fsync = " + (disposable ? "off" : "on"),
                "full_page_writes = " + (disposable ? "off" : "on"),
                "synchronous_commit = on",
                "wal_level = logical",
                "max_wal_size = 2GB",
                "max_replication_slots = 32",
                "max_wal_senders = 32",
                // A slot without a reader must not fill the disk. Postgres then invalidates it, and the relay replaces
                // it.
                "max_slot_wal_keep_size = 8GB",
                "log_min_messages = warning",
                "log_timezone = 'UTC'",
                "log_line_prefix = '%m [%p] %d '",
                // A JVM that was killed does not close its connections. Keepalive detects this soon and releases the
                // locks of its sessions.
                "tcp_keepalives_idle = 10",
                "tcp_keepalives_interval = 5",
                "tcp_keepalives_count = 3");
    }
}
