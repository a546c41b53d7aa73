package dev.lockstep.local;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** The whole system in a separate process on free ports, as {@code ./up} starts it. */
final class LockstepProcess implements AutoCloseable {
    /** The variable from which a JVM reads more options. */
    static final String JVM_OPTIONS = "JAVA_TOOL_OPTIONS";

    private static final Duration START_LIMIT = Duration.ofMinutes(3);
    private static final Duration STOP_LIMIT = Duration.ofMinutes(1);
    private static final Duration ARCHIVE_LIMIT = Duration.ofMinutes(2);
    // The loaded classes of the first process, which writes them when it exits. The others start with less CPU time.
    private static final Path ARCHIVE = Path.of(
                    "target", "lockstep-" + ProcessHandle.current().pid() + ".jsa")
            .toAbsolutePath();
    // An archive needs a class path without folders, which an IDE does not have.
    private static final boolean PACKAGED = LocalApp.class
            .getProtectionDomain()
            .getCodeSource()
            .getLocation()
            .getPath()
            .endsWith(".jar");

    static {
        ARCHIVE.toFile().deleteOnExit();
    }

    private final Process process;
    private final Duration stopLimit;
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Thread reader;

    private LockstepProcess(Process process, Duration stopLimit) {
        this.process = process;
        this.stopLimit = stopLimit;
        this.reader = Thread.ofPlatform().name("read-lockstep").start(this::read);
    }

    /** Starts the system and returns once it reports that it is up. */
    static LockstepProcess start(Path data, Map<String, String> settings, String... options) {
        // A JVM with an agent can read an archive, but cannot write one.
        boolean writesArchive = PACKAGED && !Files.exists(ARCHIVE) && !settings.containsKey(JVM_OPTIONS);
        LockstepProcess started = writesArchive
                ? launch(
                        data,
                        settings,
                        List.of("-XX:ArchiveClassesAtExit=" + ARCHIVE),
                        STOP_LIMIT.plus(ARCHIVE_LIMIT),
                        options)
                : launch(data, settings, options);
        Awaitility.await("Lockstep to be up").atMost(START_LIMIT).until(() -> started.isUp() || started.hasEnded());
        if (!started.isUp()) {
            throw new IllegalStateException("Lockstep did not start: " + started.output());
        }
        return started;
    }

    /** Starts the process and returns at once. */
    static LockstepProcess launch(Path data, Map<String, String> settings, String... options) {
        List<String> archive = Files.exists(ARCHIVE) ? List.of("-XX:SharedArchiveFile=" + ARCHIVE) : List.of();
        return launch(data, settings, archive, STOP_LIMIT, options);
    }

    private static LockstepProcess launch(
            Path data, Map<String, String> settings, List<String> archive, Duration stopLimit, String... options) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // Most of these processes run only for some seconds.
                "-XX:TieredStopAtLevel=1",
                "-Xmx768m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                // The output of the program is all that a test reads.
                "-Xlog:disable"));
        command.addAll(archive);
        command.addAll(List.of("-cp", classPath(), LocalApp.class.getName()));
        command.addAll(List.of(options));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        Map<String, String> environment = builder.environment();
        environment.put(LocalConfig.DATA, data.toString());
        environment.put(LocalConfig.POSTGRES_PORT, "0");
        environment.put(LocalConfig.KAFKA_PORT, "0");
        for (Service service : Service.values()) {
            environment.put(service.portSetting(), "0");
        }
        environment.putAll(settings);
        try {
            return new LockstepProcess(builder.start(), stopLimit);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    // Without the folder of the tests.
    private static String classPath() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !PACKAGED || entry.endsWith(".jar"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    URI uri(Service service) {
        return URI.create(find("  " + service.id() + " +(http\\S+) +ready in .*"));
    }

    String bootstrapServers() {
        return find("  kafka +(\\S+) +ready in .*");
    }

    String jdbcUrl(String database) {
        return "jdbc:postgresql://" + find("  postgres +(\\S+) +ready in .*") + "/" + database
                + "?user=lockstep&password=lockstep";
    }

    /** The first group of the first line that matches the pattern. */
    String find(String form) {
        Pattern pattern = Pattern.compile(form);
        return lines.stream()
                .map(pattern::matcher)
                .filter(Matcher::matches)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no line matches " + form + " in " + output()))
                .group(1);
    }

    /** The names of the classes that the process has loaded. */
    List<String> loadedClasses() throws IOException, InterruptedException {
        Process jcmd = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        Long.toString(process.pid()),
                        "VM.class_hierarchy")
                .redirectErrorStream(true)
                .start();
        try (BufferedReader reader = jcmd.inputReader(StandardCharsets.UTF_8)) {
            // A line is "|  |--name/0x..." with an indentation for each superclass, and names the class loader.
            List<String> names = reader.lines()
                    .map(line -> line.replaceAll("^[|\\- ]+", "").replaceAll("[/ ].*", ""))
                    .toList();
            jcmd.waitFor();
            return names;
        }
    }

    String output() {
        return String.join("\n", lines);
    }

    /** Kills the process as {@code kill -9} does. */
    void kill() {
        process.toHandle().destroyForcibly();
        process.onExit().join();
    }

    /** Stops the process as Ctrl-C does, and returns its exit code. */
    int stop() {
        // Not Process.destroy, which also closes the output before it is complete.
        process.toHandle().destroy();
        return exitCode();
    }

    /** Waits until the process exits. */
    int exitCode() {
        try {
            if (!process.waitFor(stopLimit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("Lockstep did not exit: " + output());
            }
            reader.join();
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(cause);
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        if (process.isAlive()) {
            stop();
        }
    }

    private boolean isUp() {
        return lines.contains("Ctrl-C stops everything.");
    }

    private boolean hasEnded() {
        return !process.isAlive() && !reader.isAlive();
    }

    private void read() {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            output.lines().forEach(lines::add);
        } catch (IOException | UncheckedIOException closed) {
            lines.add("(its output ended: " + closed.getMessage() + ")");
        }
    }
}
