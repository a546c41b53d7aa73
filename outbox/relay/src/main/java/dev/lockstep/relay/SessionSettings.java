package dev.lockstep.relay;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The session settings that the relay fixes on each of its connections, whatever {@code ALTER SYSTEM}, {@code ALTER DATABASE} or {@code
 * ALTER ROLE} say. They change how values are written, what a statement means, or would end a session that must stay open. They are passed
 * as startup options of the connection, which take precedence over the settings of the server, the database and the role.
 *
 * <p>The driver itself fixes {@code client_encoding}, {@code DateStyle}, {@code TimeZone} and {@code extra_float_digits}. The following are
 * left alone on purpose: {@code role} (ownership is the operator's decision), {@code synchronous_commit} (so is the durability of a
 * commit), {@code session_replication_role} and {@code lc_messages} (only a superuser may set them; the relay writes to no table with
 * triggers and classifies failures by SQLSTATE), and planner settings (they affect time, not correctness).
 */
final class SessionSettings {
    private static final List<String> ALWAYS = List.of(
            // Debezium expects hex whatever the server sends: with "escape" payloads would be corrupted.
            "bytea_output=hex",
            "IntervalStyle=postgres",
            "xmlbinary=base64",
            "standard_conforming_strings=on",
            "backslash_quote=safe_encoding",
            "array_nulls=on",
            "transform_null_equals=off",
            // A table "outbox" in another schema must not hide ours.
            "search_path=public",
            "row_security=on",
            "default_transaction_read_only=off",
            // An unescaped space ends an option.
            "default_transaction_isolation=read\\ committed",
            "default_transaction_deferrable=off",
            "lock_timeout=0",
            "idle_in_transaction_session_timeout=0",
            "idle_session_timeout=0",
            "transaction_timeout=0",
            // A session whose client is gone must not keep waiting while it holds its locks and its slot.
            "client_connection_check_interval=2s");

    private SessionSettings() {}

    /** Returns the {@code options} of a connection: the fixed settings followed by the given ones. */
    static String options(String... more) {
        return Stream.concat(ALWAYS.stream(), List.of(more).stream())
                .map(setting -> "-c " + setting)
                .collect(Collectors.joining(" "));
    }
}
