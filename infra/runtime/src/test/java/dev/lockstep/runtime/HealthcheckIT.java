package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.embedded.FreePorts;
import dev.lockstep.testing.TestAuthority;
import dev.lockstep.testing.TestAuthority.Issued;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The health check of the container images. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class HealthcheckIT {
    private static final Path SCRIPT = Path.of("..", "images", "healthcheck");

    @TempDir
    Path folder;

    private record Result(int exitCode, String output) {}

    @Test
    void a_service_is_healthy_while_it_is_ready() throws Exception {
        try (TestHttpServer server = TestHttpServer.start(Map.of())) {
            assertThat(check(Map.of(), server.port())).isEqualTo(new Result(0, ""));

            server.health.register("database", () -> Optional.of("it is away"));

            assertThat(check(Map.of(), server.port()))
                    .satisfies(result -> assertThat(result.exitCode()).isEqualTo(1))
                    .satisfies(result -> assertThat(result.output()).contains("it is away"));
        }
    }

    @Test
    void the_same_holds_over_https_whatever_name_the_certificate_has() throws Exception {
        Issued certificate = TestAuthority.create(folder, "authority").server("orders", "dns:orders.example");
        Map<String, String> tls = Map.of(
                "HTTP_TLS_CERT", certificate.certificate().toString(),
                "HTTP_TLS_KEY", certificate.key().toString());
        try (TestHttpServer server = TestHttpServer.start(tls)) {
            assertThat(check(tls, server.port())).isEqualTo(new Result(0, ""));

            server.health.register("database", () -> Optional.of("it is away"));

            assertThat(check(tls, server.port()))
                    .satisfies(result -> assertThat(result.exitCode()).isEqualTo(1))
                    .satisfies(result -> assertThat(result.output()).contains("it is away"));
            // A check that does not use TLS.
            assertThat(check(Map.of(), server.port()).exitCode()).isEqualTo(1);
        }
    }

    @Test
    void a_service_that_does_not_listen_is_not_healthy() throws Exception {
        assertThat(check(Map.of(), FreePorts.any()).exitCode()).isEqualTo(1);
        assertThat(check(Map.of("HTTP_TLS_CERT", "set"), FreePorts.any()).exitCode())
                .isEqualTo(1);
    }

    private static Result check(Map<String, String> environment, int port) throws Exception {
        ProcessBuilder command = new ProcessBuilder("bash", SCRIPT.toString(), Integer.toString(port));
        command.environment().putAll(environment);
        Process process = command.redirectErrorStream(true).start();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return new Result(
                process.exitValue(), new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }
}
