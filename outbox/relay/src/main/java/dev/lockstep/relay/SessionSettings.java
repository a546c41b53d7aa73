package dev.lockstep.relay;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What every session of the relay fixes, whatever {@code ALTER SYSTEM}, {@code ALTER DATABASE} or {@code ALTER ROLE} say: settings that change
 * how values are written, what a statement means, or that end a session which is meant to stay. As options of the connection's start, they
 * come before those of the server, the database and the role.
 *
 * <p>The driver itself fixes {@code client_encoding}, {@code DateStyle}, {@code TimeZone} and {@code extra_float_digits}. Left alone on purpose:
 * {@code role} (who owns what is the operator's decision), {@code synchronous_commit} (how durable a commit has to be, likewise),
 * {@code session_replication_role} and {@code lc_messages} (only a superuser may set them; the relay writes to no table with triggers and
 * judges failures by SQLSTATE), planner settings (they cost time, not correctness).
 */
final class SessionSettings {
    private static final List<String> ALWAYS = List.of(
            // Debezium takes bytea for hex whatever the server says: with "escape" payloads would be corrupted.
            "bytea_output=hex",
            "IntervalStyle=postgres",
            "xmlbinary=base64",
            "standard_conforming_strings=on",
            "backslash_quote=safe_encoding",
            "array_nulls=on",
            "transform_null_equals=off",
            // Another schema's table "outbox" must not hide ours.
            "search_path=public",
            "row_security=on",
            "default_transaction_read_only=off",
            // The blank ends an option unless it is escaped.
            "default_transaction_isolation=read\\ committed",
            "default_transaction_deferrable=off",
            "lock_timeout=0",
            "idle_in_transaction_session_timeout=0",
            "idle_session_timeout=0",
            "transaction_timeout=0",
            // A session whose client is gone must not go on waiting, with its locks and its slot.
            "client_connection_check_interval=2s");

    private SessionSettings() {}

    /** For {@code options} of a connection, with a few more settings. */
    static String options(String... more) {
        return Stream.concat(ALWAYS.stream(), List.of(more).stream())
                .map(setting -> "-c " + setting)
                .collect(Collectors.joining(" "));
    }
}
