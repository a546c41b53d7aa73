package dev.lockstep.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs programs of the operating system. */
final class Commands {
    private Commands() {}

    /** The result of a program. */
    record Result(int exitCode, String output) {}

    /** Runs a program to its end. A program that exceeds the limit is killed; its exit code is then -1. */
    static Result run(List<String> command, Duration limit) {
        return run(command, Map.of(), limit);
    }

    /** Like {@link #run(List, Duration)}, with additional environment variables. */
    static Result run(List<String> command, Map<String, String> environment, Duration limit) {
        try {
            Path output = Files.createTempFile("lockstep-faults", ".out");
            try {
                ProcessBuilder builder = new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .redirectInput(Redirect.from(Path.of("/dev/null").toFile()));
                builder.environment().putAll(environment);
                Process process = builder.start();
                boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
                if (!ended) {
                    process.destroyForcibly().waitFor();
                }
                return new Result(
                        ended ? process.exitValue() : -1,
                        Files.readString(output, StandardCharsets.UTF_8).strip());
            } finally {
                Files.deleteIfExists(output);
            }
        } catch (IOException cause) {
            throw new UncheckedIOException("cannot run " + command, cause);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new FaultsException("interrupted", cause);
        }
    }

    /** The path of the Java executable that runs this program. */
    static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }
}
