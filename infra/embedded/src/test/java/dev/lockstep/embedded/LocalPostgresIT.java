package dev.lockstep.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayNameGeneration(ReplaceUnderscores.class)
class LocalPostgresIT {
    @TempDir
    Path folder;

    @Test
    void committed_data_survive_a_restart_on_another_port() throws SQLException {
        int firstPort;
        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            firstPort = postgres.port();
            postgres.createDatabase("orders");
            postgres.createDatabase("orders");
            execute(postgres, "orders", "CREATE TABLE kept AS SELECT 42 AS answer");
        }
        assertThat(FreePorts.isFree(firstPort)).isTrue();

        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            assertThat(one(postgres, "orders", "SELECT answer FROM kept")).isEqualTo("42");
            assertThat(postgres.stoppedOrphan()).isFalse();
        }
    }

    @Test
    void settings_are_durable_and_support_logical_decoding() throws SQLException {
        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            assertThat(one(postgres, "postgres", "SHOW server_version")).startsWith("18.6");
            assertThat(one(postgres, "postgres", "SHOW fsync")).isEqualTo("on");
            assertThat(one(postgres, "postgres", "SHOW full_page_writes")).isEqualTo("on");
            assertThat(one(postgres, "postgres", "SHOW synchronous_commit")).isEqualTo("on");
            assertThat(one(postgres, "postgres", "SHOW wal_level")).isEqualTo("logical");
            assertThat(one(postgres, "postgres", "SHOW listen_addresses")).isEqualTo("127.0.0.1");
            assertThat(one(postgres, "postgres", "SHOW max_slot_wal_keep_size")).isEqualTo("8GB");
        }
    }

    @Test
    void a_killed_server_restarts_on_the_same_port() throws SQLException {
        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            postgres.createDatabase("orders");
            execute(postgres, "orders", "CREATE TABLE kept AS SELECT 42 AS answer");
            int port = postgres.port();
            ProcessHandle.of(postgres.pid()).orElseThrow().destroyForcibly();

            postgres.restart();

            assertThat(postgres.port()).isEqualTo(port);
            assertThat(one(postgres, "orders", "SELECT answer FROM kept")).isEqualTo("42");
        }
    }

    @Test
    void the_user_can_create_and_replicate_databases_but_not_reach_the_operating_system_account() throws SQLException {
        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            postgres.createDatabase("orders");
            execute(postgres, "orders", "SELECT pg_create_logical_replication_slot('kept', 'pgoutput')");
            execute(postgres, "orders", "CREATE TABLE kept (id int)");
            execute(postgres, "orders", "CREATE PUBLICATION kept FOR TABLE kept");

            assertThat(one(
                            postgres,
                            "postgres",
                            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles"
                                    + " WHERE rolname = 'lockstep' AND NOT rolsuper AND NOT rolcreaterole AND rolcreatedb"
                                    + " AND rolreplication AND NOT rolbypassrls"))
                    .isEqualTo("f");
            for (String forbidden : List.of(
                    "COPY (SELECT 1) TO PROGRAM 'true'",
                    "COPY (SELECT 1) TO '/tmp/lockstep-copied'",
                    "SELECT pg_read_file('/etc/hostname')",
                    "SELECT lo_import('/etc/hostname')",
                    "ALTER SYSTEM SET archive_command = 'true'",
                    "CREATE ROLE other SUPERUSER",
                    "ALTER ROLE lockstep SUPERUSER",
                    "SET session_replication_role = replica",
                    "SET ROLE postgres",
                    "SELECT rolpassword FROM pg_authid")) {
                assertThatThrownBy(() -> execute(postgres, "orders", forbidden))
                        .describedAs(forbidden)
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                refused -> assertThat(refused.getSQLState()).isEqualTo("42501"));
            }
        }
    }

    @Test
    void the_superuser_password_is_readable_only_by_the_server_account() throws IOException, SQLException {
        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            String url = "jdbc:" + postgres.uri("postgres");
            String password = Files.readString(folder.resolve("superuser"));
            assertThat(password).hasSize(48).isNotEqualTo(LocalPostgres.PASSWORD);
            assertThat(Files.getPosixFilePermissions(folder.resolve("superuser")))
                    .isEqualTo(PosixFilePermissions.fromString("rw-------"));
            DriverManager.getConnection(url, "postgres", password).close();
            for (String wrong : List.of("", "postgres", LocalPostgres.PASSWORD)) {
                assertThatThrownBy(() -> DriverManager.getConnection(url, "postgres", wrong))
                        .isInstanceOf(SQLException.class);
            }
            assertThatThrownBy(() -> DriverManager.getConnection(
                            url + "?replication=true&preferQueryMode=simple&assumeMinServerVersion=10",
                            LocalPostgres.USER,
                            LocalPostgres.PASSWORD))
                    .hasMessageContaining("no pg_hba.conf entry for replication connection");
        }
    }

    @Test
    void data_with_the_user_as_superuser_are_migrated_at_the_start() throws IOException, SQLException {
        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            try (Connection connection = DriverManager.getConnection(postgres.superuserUrl("postgres"));
                    Statement statement = connection.createStatement()) {
                statement.execute("DROP ROLE lockstep");
                statement.execute("CREATE ROLE helper LOGIN SUPERUSER PASSWORD 'helper'");
            }
            try (Connection connection =
                            DriverManager.getConnection("jdbc:" + postgres.uri("postgres"), "helper", "helper");
                    Statement statement = connection.createStatement()) {
                statement.execute("ALTER ROLE postgres RENAME TO lockstep");
                statement.execute("ALTER ROLE lockstep PASSWORD 'lockstep'");
            }
            execute(postgres, "postgres", "DROP ROLE helper");
            execute(postgres, "postgres", "CREATE DATABASE orders");
            execute(postgres, "orders", """
                    CREATE TABLE kept (id int GENERATED ALWAYS AS IDENTITY, at timestamptz) PARTITION BY RANGE (at);
                    CREATE TABLE kept_p PARTITION OF kept DEFAULT;
                    CREATE TABLE "Odd one" (id serial, money numeric);
                    CREATE SEQUENCE numbers;
                    CREATE VIEW seen AS SELECT * FROM kept;
                    CREATE TYPE mood AS ENUM ('good');
                    CREATE FUNCTION answer(a text, b int) RETURNS int LANGUAGE sql AS 'SELECT 42';
                    CREATE PUBLICATION lockstep_outbox FOR TABLE kept WITH (publish_via_partition_root = true);
                    CREATE SCHEMA own;
                    CREATE TABLE own.kept (id int);
                    INSERT INTO kept (at) VALUES (now())
                    """);
        }
        Files.delete(folder.resolve("superuser"));

        for (int start = 1; start <= 2; start++) {
            try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
                assertThat(one(postgres, "orders", "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
                        .isEqualTo("f");
                assertThat(one(postgres, "orders", """
                        SELECT (SELECT count(*) FROM pg_class WHERE relowner = 10 AND relnamespace::regnamespace::text IN ('public', 'own'))
                             + (SELECT count(*) FROM pg_proc WHERE proowner = 10 AND pronamespace = 'public'::regnamespace)
                             + (SELECT count(*) FROM pg_type WHERE typowner = 10 AND typnamespace = 'public'::regnamespace)
                             + (SELECT count(*) FROM pg_publication WHERE pubowner = 10)
                             + (SELECT count(*) FROM pg_database WHERE datdba = 10 AND datname = 'orders')
                             + (SELECT count(*) FROM pg_roles WHERE rolname = 'lockstep_upgrade')
                        """)).isEqualTo("0");
                execute(postgres, "orders", "ALTER TABLE kept ADD COLUMN IF NOT EXISTS more int");
                execute(postgres, "orders", "ALTER PUBLICATION lockstep_outbox SET TABLE kept, own.kept");
                execute(postgres, "orders", "INSERT INTO kept (at) VALUES (now())");
                assertThat(one(postgres, "orders", "SELECT count(*) FROM seen")).isEqualTo("" + (1 + start));
                postgres.createDatabase("more");
            }
        }
    }

    @Test
    void a_wrong_password_is_rejected() {
        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            String url = "jdbc:" + postgres.uri("postgres");
            assertThatThrownBy(() -> DriverManager.getConnection(url, LocalPostgres.USER, "wrong"))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("password authentication failed");
        }
    }

    @Test
    void a_folder_in_use_is_rejected() {
        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            assertThat(postgres.port()).isPositive();
            assertThatThrownBy(() -> LocalPostgres.start(folder, 0))
                    .hasMessage("another process already runs a Postgres server on " + folder.toAbsolutePath());
        }
    }

    @Test
    void a_port_in_use_is_reported() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> LocalPostgres.start(folder, taken.getLocalPort()))
                    .hasMessageContaining("127.0.0.1:" + taken.getLocalPort())
                    .hasMessageContaining("Address already in use");
        }
    }

    @Test
    void an_unrelated_process_with_a_reused_pid_is_not_stopped() throws IOException {
        LocalPostgres.start(folder, 0).close();
        Process bystander = new ProcessBuilder("sleep", "600").start();
        try {
            Files.writeString(folder.resolve("data/postmaster.pid"), bystander.pid() + "\n" + folder + "\n");

            try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
                assertThat(postgres.stoppedOrphan()).isFalse();
                assertThat(bystander.isAlive()).isTrue();
            }
        } finally {
            bystander.destroyForcibly();
        }
    }

    private static void execute(LocalPostgres postgres, String database, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(postgres.jdbcUrl(database));
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String one(LocalPostgres postgres, String database, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(postgres.jdbcUrl(database));
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            assertThat(rows.next()).isTrue();
            return rows.getString(1);
        }
    }
}
