package dev.lockstep.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** Another JVM that uses the servers as tests do, and then exits, fails or waits. */
final class TestServersProcess implements AutoCloseable {
    private static final String READY = "ready ";

    private final Process process;
    private final BufferedReader reader;
    private final StringJoiner output = new StringJoiner("\n");
    private final String[] ready;

    private TestServersProcess(Process process) throws IOException {
        this.process = process;
        reader = process.inputReader(StandardCharsets.UTF_8);
        ready = readUntil(READY).split(" ");
    }

    /** Starts a JVM that uses the servers that this JVM uses. */
    static TestServersProcess start(String how) {
        return start(how, System.getProperty(ServerProvider.SWITCH, "auto"), Map.of());
    }

    /**
     * @param servers the value of the switch
     * @param environment is added to that of this JVM
     */
    static TestServersProcess start(String how, String servers, Map<String, String> environment) {
        try {
            ProcessBuilder builder = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:TieredStopAtLevel=1",
                            "-D" + ServerProvider.SWITCH + "=" + servers,
                            "-cp",
                            System.getProperty("java.class.path"),
                            TestServersProcess.class.getName(),
                            how)
                    .redirectErrorStream(true);
            builder.environment().putAll(environment);
            return new TestServersProcess(builder.start());
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    String postgresUrl() {
        return ready[1];
    }

    Path folder() {
        return Path.of(ready[2]);
    }

    /** Waits until the process exits. */
    int exitCode() {
        try {
            readUntil("nothing: the output ends first");
            return process.waitFor();
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        } catch (InterruptedException cause) {
            throw new IllegalStateException(cause);
        }
    }

    String output() {
        return output.toString();
    }

    /** Kills the process as {@code kill -9} does. */
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
        kill();
    }

    private String readUntil(String start) throws IOException {
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            output.add(line);
            if (line.startsWith(start)) {
                return line;
            }
        }
        return "";
    }

    public static void main(String[] arguments) throws InterruptedException {
        ServerProvider servers = ServerProvider.selected();
        String url = servers.startPostgres().superuserUrl("postgres");
        if (arguments[0].equals("end")) {
            writeTo(servers.startKafka().bootstrapServers());
        }
        print(READY + url + " " + servers.folder());
        switch (arguments[0]) {
            case "end" -> System.exit(0);
            case "fail" -> throw new IllegalStateException("a test that fails");
            default -> new CountDownLatch(1).await();
        }
    }

    private static void writeTo(String bootstrapServers) {
        try (TestKafka kafka = TestKafka.at(bootstrapServers);
                KafkaProducer<String, String> producer = new KafkaProducer<>(
                        Map.of("bootstrap.servers", bootstrapServers),
                        new StringSerializer(),
                        new StringSerializer())) {
            for (int i = 0; i < 20; i++) {
                kafka.createTopic("topic-" + i, 3);
                var _ = producer.send(new ProducerRecord<>("topic-" + i, "key", "value"));
            }
            producer.flush();
        }
    }

    private static void print(String line) {
        // checkstyle off: consoleOutput, the test that started the process reads it
        System.out.println(line);
        // checkstyle on: consoleOutput
    }
}
