package dev.lockstep.bench.app;

import dev.lockstep.embedded.LocalKafka;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** Runs Kafka in a process of its own. Arguments: the folder of its data, the port, and a file to create when it accepts requests. */
public final class KafkaApp {
    private KafkaApp() {}

    public static void main(String[] arguments) throws InterruptedException, IOException {
        LocalKafka kafka = LocalKafka.start(Path.of(arguments[0]), Integer.parseInt(arguments[1]));
        Runtime.getRuntime().addShutdownHook(new Thread(kafka::close, "stop-kafka"));
        Files.createFile(Path.of(arguments[2]));
        new CountDownLatch(1).await();
    }
}
