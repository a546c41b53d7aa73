package dev.lockstep.runtime;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.junit5.VertxExtension;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Settings of the database and the role, each of which would break something, applied together. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@ExtendWith(VertxExtension.class)
class SessionSettingsIT {
    private static final Map<String, String> ADVERSE = Map.ofEntries(
            Map.entry("search_path", "elsewhere"),
            Map.entry("bytea_output", "escape"),
            Map.entry("DateStyle", "SQL, DMY"),
            Map.entry("IntervalStyle", "sql_standard"),
            Map.entry("TimeZone", "Europe/Berlin"),
            Map.entry("extra_float_digits", "-15"),
            Map.entry("client_encoding", "LATIN1"),
            Map.entry("xmloption", "document"),
            Map.entry("quote_all_identifiers", "on"),
            Map.entry("standard_conforming_strings", "off"),
            Map.entry("backslash_quote", "on"),
            Map.entry("array_nulls", "off"),
            Map.entry("transform_null_equals", "on"),
            Map.entry("default_transaction_isolation", "serializable"),
            Map.entry("default_transaction_deferrable", "on"),
            Map.entry("synchronous_commit", "off"),
            Map.entry("row_security", "on"),
            Map.entry("restrict_nonsystem_relation_kind", "view, foreign-table"),
            Map.entry("check_function_bodies", "off"),
            Map.entry("exit_on_error", "on"),
            Map.entry("idle_session_timeout", "1s"),
            Map.entry("idle_in_transaction_session_timeout", "1ms"),
            Map.entry("lock_timeout", "1ms"),
            Map.entry("statement_timeout", "1ms"),
            Map.entry("transaction_timeout", "1ms"),
            Map.entry("jit", "on"),
            Map.entry("plan_cache_mode", "force_custom_plan"),
            Map.entry("client_min_messages", "debug5"));

    @RegisterExtension
    final TestDatabase database = new TestDatabase("adverse");

    private final String role = database.name();
    private final PostgresConfig config = new PostgresConfig(
            database.server().host(),
            database.server().port(),
            database.name(),
            new PostgresLogin(role, new Secret("secret")),
            PostgresTls.DISABLED,
            2,
            Duration.ofMinutes(10));

    @BeforeEach
    void applyAdverseSettings() {
        database.executeAsSuperuser("CREATE ROLE " + role + " LOGIN PASSWORD 'secret'");
        database.executeAsSuperuser("ALTER DATABASE " + role + " OWNER TO " + role);
        database.executeAsSuperuser("CREATE SCHEMA elsewhere AUTHORIZATION " + role);
        ADVERSE.forEach((name, value) -> {
            // DateStyle is a list of two values and must not be quoted as one.
            String to = name.equals("DateStyle") ? value : "'" + value + "'";
            database.server().execute("ALTER DATABASE " + role + " SET " + name + " TO " + to);
            database.server().execute("ALTER ROLE " + role + " SET " + name + " TO " + to);
        });
    }

    @Test
    void pool_sessions_have_the_expected_settings(Vertx vertx) {
        Map<String, String> expected = new TreeMap<>(Map.of("client_encoding", "UTF8"));
        SessionSettings.forPool().forEach((name, value) -> expected.put(name, shown(name, value)));
        assertThat(expected.keySet()).containsAll(ADVERSE.keySet());
        Map<String, String> found = new TreeMap<>();
        Pool pool = config.pool(vertx, "adverse");
        for (String name : expected.keySet()) {
            Row row = await(pool.query("SHOW " + name).execute()).iterator().next();
            found.put(name, row.getString(0));
        }
        assertThat(found).isEqualTo(expected);
    }

    @Test
    void migration_sessions_have_the_expected_settings() throws SQLException {
        Map<String, String> expected = new TreeMap<>(Map.of("client_encoding", "UTF8", "TimeZone", "UTC"));
        SessionSettings.forMigrations().forEach((name, value) -> expected.put(name, shown(name, value)));
        assertThat(expected.keySet()).containsAll(ADVERSE.keySet());
        Map<String, String> found = new TreeMap<>();
        try (Connection connection = config.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            for (String name : expected.keySet()) {
                try (ResultSet row = statement.executeQuery("SHOW " + name)) {
                    assertThat(row.next()).isTrue();
                    found.put(name, row.getString(1));
                }
            }
        }
        assertThat(found).isEqualTo(expected);
    }

    @Test
    void values_round_trip(Vertx vertx) {
        byte[] bytes = {0, '\\', 'x', 1, (byte) 0xff};
        OffsetDateTime at = OffsetDateTime.of(2026, 3, 29, 1, 30, 0, 0, ZoneOffset.UTC);
        Pool pool = config.pool(vertx, "adverse");
        await(pool.query("CREATE TABLE kept (b bytea, at timestamptz, f float8, t text)")
                .execute());
        await(pool.preparedQuery("INSERT INTO kept VALUES ($1, $2, $3, $4)")
                .execute(Tuple.of(Buffer.buffer(bytes), at, 0.1 + 0.2, "한 글\\n")));
        // Also in the text format, which only the simple protocol uses.
        for (var query : List.of(
                pool.query("SELECT * FROM public.kept").execute(),
                pool.preparedQuery("SELECT * FROM kept").execute())) {
            Row row = await(query).iterator().next();
            assertThat(row.getBuffer(0).getBytes()).isEqualTo(bytes);
            assertThat(row.getOffsetDateTime(1)).isEqualTo(at);
            assertThat(row.getDouble(2)).isEqualTo(0.1 + 0.2);
            assertThat(row.getString(3)).isEqualTo("한 글\\n");
        }
        Row row = await(pool.query(
                                "SELECT interval '1 day 2 hours', ARRAY[NULL, 'a']::text[], at::date::text FROM kept")
                        .execute())
                .iterator()
                .next();
        assertThat(row.getValue(0))
                .hasToString("Interval( 0 years 0 months 1 days 2 hours 0 minutes 0 seconds 0 microseconds )");
        assertThat(row.getArrayOfStrings(1)).containsExactly(null, "a");
        assertThat(row.getString(2)).isEqualTo("2026-03-29");
    }

    private static String shown(String name, String value) {
        return name.equals("DateStyle") ? "ISO, MDY" : value;
    }
}
