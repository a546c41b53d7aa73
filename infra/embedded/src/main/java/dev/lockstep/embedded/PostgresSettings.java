package dev.lockstep.embedded;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of {@code initdb}, and the complete contents of {@code postgresql.conf} and {@code pg_hba.conf}, rewritten at every start.
 *
 * @param disposable whether the data is deleted with the server, so that nothing has to reach the disk
 * @param tls null for a server without TLS
 */
record PostgresSettings(boolean disposable, @Nullable ServerTls tls) {
    private static final String SUPERUSER_RULE = "host all " + PostgresRoles.SUPERUSER + " 127.0.0.1/32 scram-sha-256";

    void write(Path data, String host, int port) throws IOException {
        PrivateFiles.write(data.resolve("postgresql.conf"), lines(serverSettings(host, port)));
        PrivateFiles.write(data.resolve("pg_hba.conf"), lines(hbaRules()));
        if (tls != null) {
            tls.copyInto(data);
        }
    }

    private static String lines(List<String> lines) {
        return String.join("\n", lines) + "\n";
    }

    /**
     * Allows connections from this machine, with a password. Physical replication, which copies the whole server, is not allowed: in
     * pg_hba.conf {@code all} does not include the keyword {@code replication}.
     */
    private List<String> hbaRules() {
        if (tls == null) {
            return List.of("host all all 127.0.0.1/32 scram-sha-256");
        }
        List<String> rules = new ArrayList<>(List.of(SUPERUSER_RULE));
        rules.addAll(tls.accessRules());
        return rules;
    }

    /** Arguments of {@code initdb}. */
    static List<String> initArguments(boolean disposable) {
        return List.of(
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                disposable ? "--no-sync" : "--sync-method=fsync",
                "--no-locale",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8");
    }

    private List<String> serverSettings(String host, int port) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("listen_addresses", host);
        settings.put("port", String.valueOf(port));
        // No Unix socket: its path is limited to 107 characters, and no client uses it.
        settings.put("unix_socket_directories", "");
        settings.putAll(common(disposable));
        List<String> lines = new ArrayList<>();
        settings.forEach((name, value) -> lines.add("%s = '%s'".formatted(name, value)));
        if (tls != null) {
            lines.addAll(ServerTls.serverSettings());
        }
        return lines;
    }

    /**
     * The settings that do not depend on the address of the server.
     *
     * @param disposable whether the data is deleted with the server, so that nothing has to reach the disk
     */
    static Map<String, String> common(boolean disposable) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("max_connections", "200");
        settings.put("shared_buffers", "256MB");
        settings.put("jit", "off");
        // As for an SSD. With the default, the planner ignores indexes while a table is small.
        settings.put("random_page_cost", "1.1");
        settings.put("timezone", "UTC");
        settings.put("datestyle", "iso, mdy");
        settings.put("lc_messages", "C");
        settings.put("password_encryption", "scram-sha-256");
        // A client computes this many hashes for each connection, which is slow in a JVM that has just started. Only
        // passwords that can be guessed need many; those of this server are random or public.
        settings.put("scram_iterations", "1");
        // Acknowledged commits must be durable: Lockstep's guarantees depend on these three settings.
        settings.put("fsync", disposable ? "off" : "on");
        settings.put("full_page_writes", disposable ? "off" : "on");
        settings.put("synchronous_commit", "on");
        settings.put("wal_level", "logical");
        settings.put("max_wal_size", "2GB");
        settings.put("max_replication_slots", "32");
        settings.put("max_wal_senders", "32");
        // A slot without a reader must not fill the disk. Postgres then invalidates it, and the relay replaces it.
        settings.put("max_slot_wal_keep_size", "8GB");
        settings.put("log_min_messages", "warning");
        settings.put("log_timezone", "UTC");
        settings.put("log_line_prefix", "%m [%p] %d ");
        // A JVM that was killed does not close its connections. Keepalive detects this soon and releases the locks of
        // its sessions.
        settings.put("tcp_keepalives_idle", "10");
        settings.put("tcp_keepalives_interval", "5");
        settings.put("tcp_keepalives_count", "3");
        return settings;
    }
}
