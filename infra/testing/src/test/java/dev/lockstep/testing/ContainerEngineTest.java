package dev.lockstep.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Replaces the client of the engine by scripts that answer as it does. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ContainerEngineTest {
    private static final Map<String, String> WITHOUT_REAPER = Map.of("TESTCONTAINERS_RYUK_DISABLED", "true");

    @TempDir
    Path folder;

    @Test
    void an_engine_with_all_images_has_no_problem() throws IOException {
        assertThat(ContainerEngine.problem(client("echo 605b288169b1"), Map.of()))
                .isEmpty();
    }

    @Test
    void an_engine_without_an_image_is_not_used() throws IOException {
        String client = client("case \"$4\" in apache/kafka*) ;; *) echo 605b288169b1 ;; esac");

        assertThat(ContainerEngine.problem(client, Map.of()))
                .contains("the container engine has no image apache/kafka:4.3.1");
    }

    @Test
    void the_image_of_the_reaper_is_needed_unless_it_is_disabled() throws IOException {
        String client = client("case \"$4\" in testcontainers/ryuk*) ;; *) echo 605b288169b1 ;; esac");

        assertThat(ContainerEngine.problem(client, Map.of()))
                .contains("the container engine has no image testcontainers/ryuk");
        assertThat(ContainerEngine.problem(client, WITHOUT_REAPER)).isEmpty();
    }

    @Test
    void an_engine_that_does_not_run_is_not_used() throws IOException {
        assertThat(ContainerEngine.problem(client("echo 'Cannot connect'; exit 1"), Map.of()))
                .contains("no container engine answers: Cannot connect");
    }

    @Test
    void a_missing_client_is_no_error() {
        String missing = folder.resolve("docker").toString();

        assertThat(ContainerEngine.problem(missing, Map.of())).contains("the command " + missing + " cannot be run");
    }

    private String client(String script) throws IOException {
        Path file = folder.resolve("docker");
        Files.writeString(file, "#!/bin/sh\n" + script + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
        return file.toString();
    }
}
