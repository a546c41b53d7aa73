package dev.lockstep.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.testcontainers.DockerClientFactory;

/**
 * Whether a container engine answers and has the images of the test servers. Testcontainers would pull missing images, which a test run must
 * not do unless it is told to.
 */
final class ContainerEngine {
    /** The image that Testcontainers removes containers with after the JVM. */
    static final String REAPER_IMAGE = "testcontainers/ryuk:0.14.0";
    /** The image that Testcontainers finds the address of the engine with if the JVM itself runs in a container. */
    static final String ADDRESS_IMAGE = "alpine:3.17";

    private static final long LIMIT_SECONDS = 10;

    private ContainerEngine() {}

    /** Returns why containers cannot be used, or nothing if they can. Pulls nothing. */
    static Optional<String> problem() {
        // The command answers quickly and quietly if there is no engine; Testcontainers tries several addresses, and
        // logs errors. But its engine may be another one.
        return problem("docker", images(System.getenv(), Files.exists(Path.of("/.dockerenv"))))
                .or(() -> DockerClientFactory.instance().isDockerAvailable()
                        ? Optional.empty()
                        : Optional.of("Testcontainers finds no container engine"));
    }

    /**
     * The images that a test run needs.
     *
     * @param environment of this JVM
     * @param inContainer whether this JVM runs in a container
     */
    static List<String> images(Map<String, String> environment, boolean inContainer) {
        List<String> images = new ArrayList<>(List.of(ContainerServers.POSTGRES_IMAGE, ContainerServers.KAFKA_IMAGE));
        if (!Boolean.parseBoolean(environment.get("TESTCONTAINERS_RYUK_DISABLED"))) {
            images.add(REAPER_IMAGE);
        }
        if (inContainer && !environment.containsKey("TESTCONTAINERS_HOST_OVERRIDE")) {
            images.add(ADDRESS_IMAGE);
        }
        return images;
    }

    /**
     * Asks the engine for its images. Waits at most 10 seconds for the answer.
     *
     * @param command the client of the engine
     */
    static Optional<String> problem(String command, List<String> images) {
        try {
            Path output = Files.createTempFile("images", "");
            try {
                Process process = new ProcessBuilder(command, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}")
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
                if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    return Optional.of("the container engine did not answer within " + LIMIT_SECONDS + " s");
                }
                String text = Files.readString(output, StandardCharsets.UTF_8).strip();
                return process.exitValue() == 0
                        ? missing(images, text.lines().collect(Collectors.toSet()))
                        : Optional.of("no container engine answers: " + text);
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

    private static Optional<String> missing(List<String> images, Set<String> present) {
        return images.stream()
                .filter(image -> !present.contains(image))
                .findFirst()
                .map(image -> "the container engine has no image " + image);
    }
}
