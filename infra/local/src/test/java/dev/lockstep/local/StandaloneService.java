package dev.lockstep.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** A service in a separate process, started with the settings that the local stack prints for it. */
final class StandaloneService implements AutoCloseable {
    private static final Pattern STARTED = Pattern.compile("started service=\\S+ host=\\S+ port=(\\d+)");

    private final Process process;
    private final Path log;

    private StandaloneService(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /** Starts the service that the stack did not start, with the command that the stack prints. */
    static StandaloneService start(LockstepProcess lockstep, Service service, Class<?> program, Path log) {
        String line = lockstep.find(" *(\\S.*) java -jar " + Pattern.quote(service.jar()));
        ProcessBuilder builder = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        program.getName()))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        Arrays.stream(line.split(" ", -1))
                .map(setting -> setting.split("=", 2))
                .forEach(setting -> builder.environment().put(setting[0], setting[1]));
        try {
            return new StandaloneService(builder.start(), log);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    /** The address of the service. Waits until it listens. */
    URI uri() {
        String port = Awaitility.await("the service to start")
                .atMost(ApiClient.TIMEOUT)
                .until(
                        () -> {
                            Matcher started = STARTED.matcher(Files.readString(log));
                            return started.find() ? started.group(1) : "";
                        },
                        found -> !found.isEmpty());
        return URI.create("http://127.0.0.1:" + port);
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
