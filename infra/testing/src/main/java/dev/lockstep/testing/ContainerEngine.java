package dev.lockstep.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Whether the container engine that the {@code docker} command uses has the images of the test servers. Testcontainers would pull missing
 * images, which a test run must not do unless it is told to.
 */
final class ContainerEngine {
    private static final long LIMIT_SECONDS = 10;
    private static final String REAPER_IMAGE = "testcontainers/ryuk";

    private ContainerEngine() {}

    /** Returns why containers cannot be used, or nothing if they can. Takes at most 10 seconds. */
    static Optional<String> problem() {
        return problem("docker", System.getenv());
    }

    /**
     * @param command the client of the engine
     * @param environment of this process
     */
    static Optional<String> problem(String command, Map<String, String> environment) {
        List<String> images = new ArrayList<>(List.of(ContainerServers.POSTGRES_IMAGE, ContainerServers.KAFKA_IMAGE));
        if (!Boolean.parseBoolean(environment.get("TESTCONTAINERS_RYUK_DISABLED"))) {
            images.add(REAPER_IMAGE);
        }
        for (String image : images) {
            Optional<String> problem = problem(command, image);
            if (problem.isPresent()) {
                return problem;
            }
        }
        return Optional.empty();
    }

    private static Optional<String> problem(String command, String image) {
        try {
            Path output = Files.createTempFile("images", "");
            try {
                Process process = new ProcessBuilder(command, "image", "ls", "--quiet", image)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
                if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    return Optional.of("the container engine does not answer");
                }
                String text = Files.readString(output, StandardCharsets.UTF_8).strip();
                if (process.exitValue() != 0) {
                    return Optional.of("no container engine answers: " + text);
                }
                return text.isEmpty() ? Optional.of("the container engine has no image " + image) : Optional.empty();
            } finally {
                Files.deleteIfExists(output);
            }
        } catch (IOException cause) {
            return Optional.of("the command " + command + " cannot be run");
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            return Optional.of("interrupted");
        }
    }
}
