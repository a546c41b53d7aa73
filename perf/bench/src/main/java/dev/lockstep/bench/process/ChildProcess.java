package dev.lockstep.bench.process;

import dev.lockstep.bench.BenchException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A process of a scenario. Its output goes to a log. Of the environment of the suite it gets only what every program needs. */
public final class ChildProcess implements AutoCloseable {
    private static final Set<String> INHERITED = Set.of("PATH", "HOME", "USER", "TMPDIR", "JAVA_HOME");
    private static final Duration STOP_LIMIT = Duration.ofSeconds(30);
    private static final int LOG_LINES = 12;

    private final String name;
    private final Process process;
    private final Path log;

    private ChildProcess(String name, Process process, Path log) {
        this.name = name;
        this.process = process;
        this.log = log;
    }

    public static ChildProcess start(String name, List<String> command, Map<String, String> environment, Path log) {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .redirectInput(Redirect.from(Path.of("/dev/null").toFile()));
        builder.environment().keySet().retainAll(INHERITED);
        builder.environment().putAll(environment);
        try {
            return new ChildProcess(name, builder.start(), log);
        } catch (IOException cause) {
            throw new BenchException("cannot run " + command.getFirst() + ": " + cause.getMessage(), cause);
        }
    }

    public long pid() {
        return process.pid();
    }

    /** Waits until the condition holds. Fails at once if the process ends before. */
    public void await(String what, Duration limit, BooleanSupplier condition) {
        Waiting.until(name + ": " + what, limit, () -> {
            requireAlive();
            return condition.getAsBoolean();
        });
    }

    /** @throws BenchException with the end of the log, if the process has ended */
    public void requireAlive() {
        if (!process.isAlive()) {
            throw new BenchException(name + " ended with exit code " + process.exitValue() + ", see " + log + ": "
                    + lastLines(output()));
        }
    }

    /**
     * Waits for the end of the process and returns its output.
     *
     * @throws BenchException if the process does not end within the limit, which kills it, or if its exit code is not 0
     */
    public String awaitSuccess(Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
                throw new BenchException(name + " did not end within " + limit.toSeconds() + " s, see " + log);
            }
        } catch (InterruptedException cause) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", cause);
        }
        String output = output();
        if (process.exitValue() != 0) {
            throw new BenchException(name + " ended with exit code " + process.exitValue() + ": " + lastLines(output));
        }
        return output;
    }

    /** Asks the process to end and waits for it. The process is killed after 30 s. A second call does nothing. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException cause) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private String output() {
        try {
            return new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    private static String lastLines(String output) {
        List<String> lines = output.lines().toList();
        return String.join(" | ", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
    }
}
