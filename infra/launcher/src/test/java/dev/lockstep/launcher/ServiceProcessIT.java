package dev.lockstep.launcher;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.testing.TestDatabase;
import dev.lockstep.testing.TestKafka;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A service as a process: environment, output, signals and exit code. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@Timeout(240)
class ServiceProcessIT {
    @RegisterExtension
    final TestDatabase database = new TestDatabase("process");

    @RegisterExtension
    final TestKafka kafka = new TestKafka();

    @TempDir
    private Path folder;

    @Test
    void invalid_settings_are_listed_without_other_output() throws Exception {
        Process process = run(Map.of("HTTP_PORT", "http", "POSTGRES_PASSWORD", "hunter2"));

        assertThat(process.waitFor(30, SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(2);
        assertThat(errors())
                .containsExactly(
                        "echo-service cannot start because its settings have 4 problem(s):",
                        "  - HTTP_PORT must be a whole number, but was \"http\"",
                        "  - POSTGRES_URI is required: the service's own database, e.g."
                                + " postgresql://127.0.0.1:5432/orders",
                        "  - POSTGRES_USER is required: the role that owns the tables in that database",
                        "  - KAFKA_BOOTSTRAP_SERVERS is required: the addresses of the Kafka brokers, e.g."
                                + " 127.0.0.1:9092");
        assertThat(output()).isEmpty();
    }

    @Test
    void a_port_in_use_is_reported_in_one_line() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Process process = run(settings(Map.of("HTTP_PORT", Integer.toString(taken.getLocalPort()))));

            assertThat(process.waitFor(30, SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(1);
            assertThat(errors())
                    .containsExactly("echo-service cannot start: HTTP_PORT " + taken.getLocalPort()
                            + " on 127.0.0.1 is in use by another process: stop that process, or set HTTP_PORT to a"
                            + " free port");
        }
    }

    @Test
    void a_stopped_service_shuts_down_gracefully_with_exit_code_0() throws Exception {
        Process process = run(settings(Map.of()));
        await().atMost(60, SECONDS)
                .untilAsserted(() -> assertThat(output())
                        .anySatisfy(line ->
                                assertThat(line).contains("started service=echo-service host=127.0.0.1 port=")));

        process.destroy();

        assertThat(process.waitFor(30, SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(output().getLast()).endsWith("stopped service=echo-service");
        assertThat(errors()).isEmpty();
    }

    @Test
    void a_service_that_waits_for_postgres_can_be_stopped() throws Exception {
        Process process = run(settings(Map.of(
                "POSTGRES_URI",
                "postgresql://127.0.0.1:1/none",
                "POSTGRES_PASSWORD",
                "hunter2",
                "LOG_FORMAT",
                "JSON")));
        await().atMost(60, SECONDS)
                .untilAsserted(() -> assertThat(output())
                        .anySatisfy(line -> assertThat(line)
                                .startsWith("{\"@timestamp\":")
                                .contains("\"message\":\"waiting for Postgres at 127.0.0.1:1/none (POSTGRES_URI)\"")
                                .contains("\"service\":\"echo-service\"")));

        process.destroy();

        assertThat(process.waitFor(30, SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(errors()).isEmpty();
        assertThat(output().getLast()).contains("\"message\":\"stopped\"");
        assertThat(output()).noneMatch(line -> line.contains("hunter2"));
    }

    @Test
    void the_command_topics_creates_the_topics_and_their_dead_letter_topics_and_exits() throws Exception {
        Process process = run(
                Map.of(
                        "KAFKA_BOOTSTRAP_SERVERS",
                        kafka.bootstrapServers(),
                        "TOPIC_CREATE",
                        "false",
                        "TOPIC_PARTITIONS",
                        "3"),
                "topics");

        assertThat(process.waitFor(60, SECONDS)).isTrue();
        assertThat(errors()).isEmpty();
        assertThat(process.exitValue()).isZero();
        assertThat(output().getLast()).endsWith("all topics exist service=echo-service count=2");
        Map<String, Integer> partitions = new TreeMap<>();
        TestKafka.await(kafka.admin()
                        .describeTopics(List.of("echo.heard", "echo.heard.dlq"))
                        .allTopicNames())
                .forEach(
                        (name, topic) -> partitions.put(name, topic.partitions().size()));
        assertThat(partitions).isEqualTo(Map.of("echo.heard", 3, "echo.heard.dlq", 3));
    }

    @Test
    void an_unknown_command_is_rejected() throws Exception {
        Process process = run(Map.of(), "migrate");

        assertThat(process.waitFor(30, SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(2);
        assertThat(errors())
                .containsExactly("echo-service has no command \"migrate\": without a command it runs the service, and"
                        + " \"topics\" creates its topics");
    }

    private Map<String, String> settings(Map<String, String> more) {
        return EchoService.settings(database.uri(), kafka.bootstrapServers(), more);
    }

    private Process run(Map<String, String> environment, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                EchoService.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder process = new ProcessBuilder(command);
        process.environment().clear();
        process.environment().putAll(environment);
        return process.redirectOutput(file("output").toFile())
                .redirectError(file("errors").toFile())
                .start();
    }

    private List<String> output() {
        return lines("output");
    }

    private List<String> errors() {
        return lines("errors");
    }

    private List<String> lines(String name) {
        try {
            return Files.readAllLines(file(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path file(String name) {
        return folder.resolve(name);
    }
}
