package dev.lockstep.runtime;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The session settings that a service's statements and the parsing of their results rely on. Every connection sends them at startup, which
 * overrides {@code ALTER SYSTEM}, {@code ALTER DATABASE} and {@code ALTER ROLE ... SET}.
 *
 * <p>The list follows "Client Connection Defaults" and related sections of the
 * <a href="https://www.postgresql.org/docs/18/runtime-config-client.html">Postgres documentation</a>. It leaves out:
 *
 * <ul>
 *   <li>{@code default_transaction_read_only}: a database that is read-only on purpose, for example during a switchover, must stay
 *       read-only;
 *   <li>{@code session_replication_role}: only a superuser may set it, so the launcher checks it instead;
 *   <li>{@code role}: {@code ALTER ROLE ... SET role} is how short-lived login roles become the owner of the tables;
 *   <li>settings that only affect speed or placement, such as {@code work_mem}, {@code enable_*} and tablespaces: the administrator of
 *       Postgres chooses them.
 * </ul>
 */
final class SessionSettings {
    private static final Map<String, String> COMMON = Collections.unmodifiableMap(common());

    private SessionSettings() {}

    /** Settings for requests and messages. Every wait has a limit. */
    static Map<String, String> forPool() {
        Map<String, String> settings = new LinkedHashMap<>(COMMON);
        settings.put("TimeZone", "UTC");
        // Without this limit, a client that is frozen or disconnected would hold its locks until TCP gives up, hours
        // later.
        settings.put("idle_in_transaction_session_timeout", "30s");
        // Longer than the timeout above, so that a lock held by a frozen client is released before a waiting request
        // gives up. Consumers set shorter limits in their transactions.
        settings.put("lock_timeout", "45s");
        // Longer than lock_timeout and shorter than the pool's response timeout.
        settings.put("statement_timeout", "90s");
        // The last resort against a transaction whose client keeps issuing statements without end.
        settings.put("transaction_timeout", "5min");
        return settings;
    }

    /** Settings for migrations, which have no time limits. */
    static Map<String, String> forMigrations() {
        Map<String, String> settings = new LinkedHashMap<>(COMMON);
        settings.put("idle_in_transaction_session_timeout", "0");
        settings.put("lock_timeout", "0");
        settings.put("statement_timeout", "0");
        settings.put("transaction_timeout", "0");
        return settings;
    }

    /** Formats settings as the value of the connection parameter {@code options}. */
    static String asOptions(Map<String, String> settings) {
        return settings.entrySet().stream()
                .map(each -> "-c " + each.getKey() + "="
                        + each.getValue().replace("\\", "\\\\").replace(" ", "\\ "))
                .collect(Collectors.joining(" "));
    }

    private static Map<String, String> common() {
        Map<String, String> settings = new LinkedHashMap<>();
        // The tables are in this schema, and the publication contains tables of this schema.
        settings.put("search_path", "public");

        // Formats that clients parse and that SQL functions produce.
        settings.put("bytea_output", "hex");
        settings.put("DateStyle", "ISO,MDY");
        settings.put("IntervalStyle", "postgres");
        settings.put("extra_float_digits", "3");
        settings.put("xmloption", "content");
        // Partitions are looked up by name. With quote_all_identifiers, format() and regclass would quote these names.
        settings.put("quote_all_identifiers", "off");

        // How Postgres parses statements and values.
        settings.put("standard_conforming_strings", "on");
        settings.put("backslash_quote", "safe_encoding");
        settings.put("array_nulls", "on");
        settings.put("transform_null_equals", "off");

        // Row locks and upserts are written for this isolation level.
        settings.put("default_transaction_isolation", "read committed");
        settings.put("default_transaction_deferrable", "off");
        // A commit that was acknowledged is durable, here and on synchronous standbys, even if a role was tuned for
        // less. remote_apply would only make commits visible on standbys at once, which nothing relies on.
        settings.put("synchronous_commit", "on");
        // A row security policy that hides rows from the service causes an error instead of a wrong result.
        settings.put("row_security", "off");
        settings.put("restrict_nonsystem_relation_kind", "");
        settings.put("check_function_bodies", "on");
        // An error ends the statement, not the session.
        settings.put("exit_on_error", "off");
        // The pool closes idle sessions itself. A session closed by Postgres would only be noticed when a request
        // fails.
        settings.put("idle_session_timeout", "0");

        // Statements are short and have few distinct shapes: JIT compilation costs more than it saves, and generic
        // plans are good enough.
        settings.put("jit", "off");
        settings.put("plan_cache_mode", "auto");
        // Notices from every statement would fill the log.
        settings.put("client_min_messages", "warning");
        return settings;
    }
}
