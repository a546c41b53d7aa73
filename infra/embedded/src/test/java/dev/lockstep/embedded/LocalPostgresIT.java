package dev.lockstep.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayNameGeneration(ReplaceUnderscores.class)
class LocalPostgresIT {
    @TempDir
    Path folder;

    @Test
    void what_was_committed_is_there_at_the_next_start_on_another_port() throws SQLException {
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
            assertThat(postgres.tookOver()).isFalse();
        }
    }

    @Test
    void its_settings_are_durable_and_fit_logical_decoding() throws SQLException {
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
    void a_server_that_was_killed_is_started_again_where_it_was() throws SQLException {
        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            execute(postgres, "postgres", "CREATE TABLE kept AS SELECT 42 AS answer");
            int port = postgres.port();
            ProcessHandle.of(postgres.pid()).orElseThrow().destroyForcibly();

            postgres.restart();

            assertThat(postgres.port()).isEqualTo(port);
            assertThat(one(postgres, "postgres", "SELECT answer FROM kept")).isEqualTo("42");
        }
    }

    @Test
    void a_wrong_password_is_refused() {
        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            String url = "jdbc:" + postgres.uri("postgres");
            assertThatThrownBy(() -> DriverManager.getConnection(url, LocalPostgres.USER, "wrong"))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("password authentication failed");
        }
    }

    @Test
    void a_folder_in_use_is_refused() {
        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            assertThat(postgres.port()).isPositive();
            assertThatThrownBy(() -> LocalPostgres.start(folder, 0))
                    .hasMessage("another process already runs a Postgres on " + folder.toAbsolutePath());
        }
    }

    @Test
    void a_taken_port_is_named() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> LocalPostgres.start(folder, taken.getLocalPort()))
                    .hasMessageContaining("127.0.0.1:" + taken.getLocalPort())
                    .hasMessageContaining("Address already in use");
        }
    }

    @Test
    void a_process_that_merely_has_the_number_of_an_old_server_is_left_alone() throws IOException {
        LocalPostgres.start(folder, 0).close();
        Process bystander = new ProcessBuilder("sleep", "600").start();
        try {
            Files.writeString(folder.resolve("data/postmaster.pid"), bystander.pid() + "\n" + folder + "\n");

            try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
                assertThat(postgres.tookOver()).isFalse();
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
