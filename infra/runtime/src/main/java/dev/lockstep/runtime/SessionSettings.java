package dev.lockstep.runtime;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The session settings that a service's statements and their parsing rely on. Every connection sends them when it starts, which beats
 * {@code ALTER SYSTEM}, {@code ALTER DATABASE} and {@code ALTER ROLE ... SET}.
 *
 * <p>The list follows "Client Connection Defaults" and its neighbours in the
 * <a href="https://www.postgresql.org/docs/18/runtime-config-client.html">Postgres documentation</a>. Not on it:
 *
 * <ul>
 *   <li>{@code default_transaction_read_only}: a database that is read-only on purpose, as in a switchover, has to stay so;
 *   <li>{@code session_replication_role}: only a superuser may set it, so {@link PostgresStartup} checks it instead;
 *   <li>{@code role}: {@code ALTER ROLE ... SET role} is how short-lived login roles become the owner of the tables;
 *   <li>what only changes speed or place, such as {@code work_mem}, {@code enable_*} and tablespaces: that is for who runs Postgres.
 * </ul>
 */
final class SessionSettings {
    private static final Map<String, String> COMMON = Collections.unmodifiableMap(common());

    private SessionSettings() {}

    /** For requests and messages: nothing waits without end. */
    static Map<String, String> forPool() {
        Map<String, String> settings = new LinkedHashMap<>(COMMON);
        settings.put("TimeZone", "UTC");
        // A client that is frozen or cut off would keep what its transaction has locked until TCP gives up, hours
        // later.
        settings.put("idle_in_transaction_session_timeout", "30s");
        // Longer than the one above, so a lock that a frozen client holds is free again before a request gives up on
        // it. Consumers
        // set shorter limits in their transactions.
        settings.put("lock_timeout", "45s");
        // Longer than a lock is waited for, and shorter than the pool waits for an answer.
        settings.put("statement_timeout", "90s");
        // The last resort against a transaction that its client repeats statements in without end.
        settings.put("transaction_timeout", "5min");
        return settings;
    }

    /** For migrations, which take the time that they take. */
    static Map<String, String> forMigrations() {
        Map<String, String> settings = new LinkedHashMap<>(COMMON);
        settings.put("idle_in_transaction_session_timeout", "0");
        settings.put("lock_timeout", "0");
        settings.put("statement_timeout", "0");
        settings.put("transaction_timeout", "0");
        return settings;
    }

    /** As the value of the {@code options} parameter of a connection. */
    static String asOptions(Map<String, String> settings) {
        return settings.entrySet().stream()
                .map(each -> "-c " + each.getKey() + "="
                        + each.getValue().replace("\\", "\\\\").replace(" ", "\\ "))
                .collect(Collectors.joining(" "));
    }

    private static Map<String, String> common() {
        Map<String, String> settings = new LinkedHashMap<>();
        // The tables are in this schema, and the publication is of tables in this schema.
        settings.put("search_path", "public");

        // What clients parse, and what SQL functions turn into text.
        settings.put("bytea_output", "hex");
        settings.put("DateStyle", "ISO,MDY");
        settings.put("IntervalStyle", "postgres");
        settings.put("extra_float_digits", "3");
        settings.put("xmloption", "content");
        // Partitions are found by their names, which format() and regclass would put into quotes.
        settings.put("quote_all_identifiers", "off");

        // How Postgres reads what it is sent.
        settings.put("standard_conforming_strings", "on");
        settings.put("backslash_quote", "safe_encoding");
        settings.put("array_nulls", "on");
        settings.put("transform_null_equals", "off");

        // The row locks and the upserts are written for this level.
        settings.put("default_transaction_isolation", "read committed");
        settings.put("default_transaction_deferrable", "off");
        // What was answered is on disk, here and on synchronous standbys. Not weaker because somebody tuned a role;
        // remote_apply
        // would only add that standbys show it at once, which nothing relies on.
        settings.put("synchronous_commit", "on");
        // A policy that hides rows from the service becomes an error instead of a wrong answer.
        settings.put("row_security", "off");
        settings.put("restrict_nonsystem_relation_kind", "");
        settings.put("check_function_bodies", "on");
        // An error ends a statement, not the session.
        settings.put("exit_on_error", "off");
        // The pool closes idle sessions itself; one that Postgres closes is found out by a request that fails.
        settings.put("idle_session_timeout", "0");

        // Short statements of the same few shapes: compiling them costs more than it saves, a generic plan is good
        // enough.
        settings.put("jit", "off");
        settings.put("plan_cache_mode", "auto");
        // Notices of every statement would fill the log.
        settings.put("client_min_messages", "warning");
        return settings;
    }
}
