package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.embedded.FreePorts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The messages of the program when it cannot start, and the isolation of its data. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@Tag("slow")
class LocalAppIT {
    @TempDir
    Path data;

    @Test
    void a_second_instance_on_the_same_data_fails_with_one_line_and_does_not_affect_the_first() throws SQLException {
        try (LockstepProcess first = LockstepProcess.start(data, Map.of(), "--only", "inventory");
                LockstepProcess second = LockstepProcess.launch(data, Map.of())) {
            assertThat(second.exitCode()).isEqualTo(1);
            assertThat(problem(second))
                    .startsWith("Lockstep already runs on " + data + " (process ")
                    .contains("stop it with Ctrl-C")
                    .hasLineCount(1);

            DriverManager.getConnection(first.jdbcUrl("inventory")).close();
            try (ApiClient api = new ApiClient(first)) {
                api.product("p9", 1, 1);
                assertThat(api.stock("p9").available()).isEqualTo(1);
            }
        }

        try (LockstepProcess fresh = LockstepProcess.start(data, Map.of(), "--fresh", "--only", "inventory");
                ApiClient api = new ApiClient(fresh)) {
            assertThat(api.list(Service.INVENTORY, "/products?limit=50")).hasSize(5);
        }
    }

    @Test
    void the_data_folder_is_private_even_if_an_earlier_version_left_it_open() throws IOException {
        Path old = data.resolve("old");
        Files.createDirectories(old.resolve("kafka/topic-0"));
        for (String file : List.of("lock", "kafka/topic-0/00000000000000000000.log", "lockstep.log")) {
            Files.writeString(old.resolve(file), "");
            Files.setPosixFilePermissions(old.resolve(file), PosixFilePermissions.fromString("rw-r--r--"));
        }
        Files.setPosixFilePermissions(old, PosixFilePermissions.fromString("rwxr-xr-x"));

        for (Path folder : List.of(old, data.resolve("new"))) {
            try (LockstepProcess lockstep = LockstepProcess.start(folder, Map.of(), "--only", "inventory")) {
                assertThat(lockstep.output())
                        .contains("  sign-in    none: every program on this machine may call the services")
                        .contains("Ctrl-C stops everything.");
                assertThat(openToOthers(folder)).isEmpty();
            }
            AuditCommand.run(folder);
            assertThat(openToOthers(folder)).isEmpty();
        }
    }

    // Equivalent to find -perm /077.
    private static List<String> openToOthers(Path folder) throws IOException {
        Set<PosixFilePermission> owner = PosixFilePermissions.fromString("rwx------");
        try (Stream<Path> all = Files.walk(folder)) {
            List<String> open = new ArrayList<>();
            for (Path path : all.toList()) {
                try {
                    if (!owner.containsAll(Files.getPosixFilePermissions(path))) {
                        open.add(folder.relativize(path) + " "
                                + PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
                    }
                } catch (NoSuchFileException goneMeanwhile) {
                    // Postgres and Kafka rotate files concurrently.
                }
            }
            return open;
        }
    }

    @Test
    void an_audit_without_data_fails_with_one_line() {
        assertThat(AuditCommand.run(data))
                .isEqualTo(new AuditCommand(
                        2, "There is no data in " + data + ": start Lockstep with ./up first, or set LOCKSTEP_DATA\n"));
    }

    @Test
    void every_port_in_use_is_reported_with_its_setting() throws IOException {
        try (ServerSocket one = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                LockstepProcess lockstep = LockstepProcess.launch(
                        data,
                        Map.of(
                                "POSTGRES_PORT",
                                "" + one.getLocalPort(),
                                "SAGA_HTTP_PORT",
                                "" + other.getLocalPort()))) {
            assertThat(lockstep.exitCode()).isEqualTo(1);
            assertThat(problem(lockstep))
                    .isEqualTo("port " + one.getLocalPort()
                            + " for Postgres is in use by another program: stop that program, or set POSTGRES_PORT"
                            + " to another port\n"
                            + "port " + other.getLocalPort()
                            + " for the saga service is in use by another program: stop that program, or set"
                            + " SAGA_HTTP_PORT to another port");
        }
    }

    @Test
    void invalid_options_and_settings_are_reported_at_once() {
        try (LockstepProcess lockstep = LockstepProcess.launch(
                data, Map.of("KAFKA_PORT", "high", "ORDER_HTTP_PORT", "70000"), "--only", "order,billing", "--quick")) {
            assertThat(lockstep.exitCode()).isEqualTo(2);
            assertThat(lockstep.output()).isEqualTo("""
                            Lockstep cannot start because its settings have 4 problem(s):
                              - --only must be a comma-separated list of order, inventory, payment, saga, but was "order,billing"
                              - --quick is not an option; ./up --help lists them
                              - KAFKA_PORT must be a whole number, but was "high"
                              - ORDER_HTTP_PORT must be from 0 to 65535, but was 70000""");
        }
    }

    @Test
    void an_invalid_service_setting_stops_the_started_servers() {
        int postgresPort = FreePorts.any();
        try (LockstepProcess lockstep = LockstepProcess.launch(
                data, Map.of("SAGA_STOCK_DEADLINE", "soon", "POSTGRES_PORT", "" + postgresPort), "--only", "saga")) {
            assertThat(lockstep.exitCode()).isEqualTo(1);
            assertThat(lockstep.output())
                    .contains("SAGA_STOCK_DEADLINE must be an ISO-8601 duration such as PT30S, but was \"soon\"")
                    .contains("postgres   stopped in");
            assertThat(FreePorts.isFree(postgresPort)).isTrue();
        }
    }

    // The output without the first line and the lines about parts.
    private static String problem(LockstepProcess lockstep) {
        return String.join(
                "\n",
                lockstep.output()
                        .lines()
                        .filter(line ->
                                !line.startsWith("Lockstep is starting") && !line.startsWith("  ") && !line.isBlank())
                        .toList());
    }
}
