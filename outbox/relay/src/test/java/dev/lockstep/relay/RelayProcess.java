package dev.lockstep.relay;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** A relay in a separate JVM, so that a test can kill or freeze its process. */
final class RelayProcess implements AutoCloseable {
    private final Process process;

    private RelayProcess(Process process) {
        this.process = process;
    }

    static RelayProcess start(RelayConfig config) throws IOException {
        return new RelayProcess(new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        RelayProcess.class.getName(),
                        config.host(),
                        Integer.toString(config.port()),
                        config.database(),
                        config.slotName(),
                        config.bootstrapServers(),
                        config.heartbeatInterval().toString()))
                .inheritIO()
                .start());
    }

    /** Kills the process like {@code kill -9}, without a shutdown. Returns when the process has ended. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Stops the process like a frozen machine: it keeps its connections and does nothing. */
    void freeze() throws IOException, InterruptedException {
        signal("STOP");
    }

    /** Resumes the process. */
    void thaw() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        int exit = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .inheritIO()
                .start()
                .waitFor();
        if (exit != 0) {
            throw new IllegalStateException("kill -" + name + " exits with " + exit);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    public static void main(String[] arguments) throws InterruptedException {
        RelayConfig config = new RelayConfig(
                new PostgresAccess(
                        arguments[0],
                        Integer.parseInt(arguments[1]),
                        arguments[2],
                        new PostgresRole("lockstep", "lockstep")),
                arguments[3],
                "lockstep_outbox",
                "/order-service",
                Map.of("bootstrap.servers", arguments[4]),
                Duration.parse(arguments[5]),
                Duration.ofSeconds(3));
        try (OutboxRelay relay = new OutboxRelay(config, new SimpleMeterRegistry())) {
            relay.prepare();
            relay.start();
            new CountDownLatch(1).await();
        }
    }
}
