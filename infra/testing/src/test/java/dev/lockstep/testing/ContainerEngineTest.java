package dev.lockstep.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.testcontainers.DockerClientFactory;

/** Replaces the client of the engine by scripts that answer as it does. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ContainerEngineTest {
    private static final Map<String, String> WITHOUT_REAPER = Map.of("TESTCONTAINERS_RYUK_DISABLED", "true");
    private static final List<String> IMAGES = List.of("postgres:18.6", "apache/kafka:4.3.1");

    @TempDir
    Path folder;

    @Test
    void an_engine_with_all_images_has_no_problem() throws IOException {
        String client = client("printf 'apache/kafka:4.3.1\\n<none>:<none>\\npostgres:18.6\\n'");

        assertThat(ContainerEngine.problem(client, IMAGES)).isEmpty();
    }

    @Test
    void an_engine_without_an_image_is_not_used() throws IOException {
        String client = client("printf 'apache/kafka:4.3.0\\npostgres:18.6\\n'");

        assertThat(ContainerEngine.problem(client, IMAGES))
                .contains("the container engine has no image apache/kafka:4.3.1");
    }

    @Test
    void an_engine_that_does_not_run_is_not_used() throws IOException {
        String client = client("echo 'Cannot connect'; exit 1");

        assertThat(ContainerEngine.problem(client, IMAGES)).contains("no container engine answers: Cannot connect");
    }

    @Test
    void a_missing_client_is_no_error() {
        String missing = folder.resolve("docker").toString();

        assertThat(ContainerEngine.problem(missing, IMAGES)).contains("the command " + missing + " cannot be run");
    }

    @Test
    void the_image_of_the_reaper_is_needed_unless_the_reaper_is_disabled() {
        assertThat(ContainerEngine.images(Map.of(), false))
                .containsExactly("postgres:18.6", "apache/kafka:4.3.1", ContainerEngine.REAPER_IMAGE);
        assertThat(ContainerEngine.images(WITHOUT_REAPER, false)).isEqualTo(IMAGES);
    }

    @Test
    void in_a_container_another_image_is_needed_unless_the_address_of_the_engine_is_set() {
        Map<String, String> withAddress = new HashMap<>(WITHOUT_REAPER);
        withAddress.put("TESTCONTAINERS_HOST_OVERRIDE", "localhost");

        assertThat(ContainerEngine.images(WITHOUT_REAPER, true))
                .containsExactly("postgres:18.6", "apache/kafka:4.3.1", ContainerEngine.ADDRESS_IMAGE);
        assertThat(ContainerEngine.images(withAddress, true)).isEqualTo(IMAGES);
    }

    @ParameterizedTest
    @CsvSource({
        "org/testcontainers/utility/RyukContainer, " + ContainerEngine.REAPER_IMAGE,
        "org/testcontainers/DockerClientFactory, " + ContainerEngine.ADDRESS_IMAGE
    })
    void the_names_of_helper_images_are_those_of_testcontainers(String type, String image) throws IOException {
        try (InputStream code = DockerClientFactory.class.getResourceAsStream("/" + type + ".class")) {
            assertThat(new String(Objects.requireNonNull(code).readAllBytes(), StandardCharsets.ISO_8859_1))
                    .contains(image);
        }
    }

    private String client(String script) throws IOException {
        Path file = folder.resolve("docker");
        Files.writeString(file, "#!/bin/sh\n" + script + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
        return file.toString();
    }
}
