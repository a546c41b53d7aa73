package dev.lockstep.embedded;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.CountDownLatch;

/** A separate JVM that starts servers, prints a line once they are ready, and runs until it is killed. */
final class ServerProcess implements AutoCloseable {
    private final Process process;
    private final List<String> readyLine;

    private ServerProcess(Process process, List<String> readyLine) {
        this.process = process;
        this.readyLine = readyLine;
    }

    /** Starts the process and returns once its servers are ready. */
    static ServerProcess start(String... arguments) {
        try {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1",
                    "-cp",
                    System.getProperty("java.class.path"),
                    ServerProcess.class.getName()));
            command.addAll(List.of(arguments));
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
            StringJoiner lines = new StringJoiner("\n");
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.add(line);
                if (line.startsWith("ready ")) {
                    return new ServerProcess(process, List.of(line.split(" ")));
                }
            }
            throw new IllegalStateException(
                    "the process ended with " + process.onExit().join().exitValue() + ", its output was:\n" + lines);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    /** The n-th value of the line that reports the servers as ready. */
    String readyValue(int n) {
        return readyLine.get(n);
    }

    /** Kills the process as {@code kill -9} does. */
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
        kill();
    }

    /** The main class of the process. */
    public static void main(String[] arguments) throws InterruptedException {
        Path folder = Path.of(arguments[1]);
        String ready = switch (arguments[0]) {
            case "postgres" -> {
                LocalPostgres postgres = LocalPostgres.start(folder, 0);
                yield postgres.port() + " " + postgres.superuserUrl("postgres");
            }
            case "kafka" -> LocalKafka.start(folder, 0).bootstrapServers();
            default -> throw new IllegalArgumentException(arguments[0]);
        };
        print("ready " + ready);
        new CountDownLatch(1).await();
    }

    private static void print(String line) {
        // checkstyle off: consoleOutput, the test that started the process reads it
        System.out.println(line);
        // checkstyle on: consoleOutput
    }
}
