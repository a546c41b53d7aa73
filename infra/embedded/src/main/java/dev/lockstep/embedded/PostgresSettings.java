package dev.lockstep.embedded;

import java.util.List;

/** The whole of {@code postgresql.conf} and {@code pg_hba.conf}, written anew at every start. */
final class PostgresSettings {
    private PostgresSettings() {}

    /**
     * From this machine, with a password. Nobody may copy the whole server as a physical standby does: that is a database of its own
     * here, which {@code all} does not include.
     */
    static List<String> hbaRules() {
        return List.of("host all all 127.0.0.1/32 scram-sha-256");
    }

    /** @param disposable whether the data are deleted with the server, so that nothing ever has to reach the disk */
    static List<String> serverSettings(String host, int port, boolean disposable) {
        return List.of(
                "listen_addresses = '" + host + "'",
                "port = " + port,
                // No socket file: its path may not be longer than 107 characters, and nobody uses it.
                "unix_socket_directories = ''",
                "max_connections = 200",
                "shared_buffers = 256MB",
                "jit = off",
                // As on a solid-state disk: else indexes are passed over while a table is small enough.
                "random_page_cost = 1.1",
                "timezone = 'UTC'",
                "datestyle = 'iso, mdy'",
                "lc_messages = 'C'",
                "password_encryption = scram-sha-256",
                // What was answered is durable: Lockstep's promises rest on these three.
                "fsync = " + (disposable ? "off" : "on"),
                "full_page_writes = " + (disposable ? "off" : "on"),
                "synchronous_commit = on",
                "wal_level = logical",
                "max_wal_size = 2GB",
                "max_replication_slots = 32",
                "max_wal_senders = 32",
                // A slot that nobody reads must not fill the disk. It is then lost, and the relay replaces it.
                "max_slot_wal_keep_size = 8GB",
                "log_min_messages = warning",
                "log_timezone = 'UTC'",
                "log_line_prefix = '%m [%p] %d '",
                // A JVM that was killed never says goodbye: find out soon, and give its sessions' locks back.
                "tcp_keepalives_idle = 10",
                "tcp_keepalives_interval = 5",
                "tcp_keepalives_count = 3");
    }
}
