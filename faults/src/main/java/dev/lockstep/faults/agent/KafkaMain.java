package dev.lockstep.faults.agent;

import dev.lockstep.embedded.LocalKafka;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Runs Kafka in a process of its own. Arguments: {@code FOLDER PORT NAME:PORT:ADVERTISED_PORT ...}. */
public final class KafkaMain {
    private KafkaMain() {}

    public static void main(String[] arguments) throws InterruptedException {
        List<LocalKafka.Listener> listeners =
                Arrays.stream(arguments).skip(2).map(KafkaMain::listener).toList();
        LocalKafka kafka = LocalKafka.start(Path.of(arguments[0]), Integer.parseInt(arguments[1]), listeners);
        Runtime.getRuntime().addShutdownHook(new Thread(kafka::close, "stop-kafka"));
        new CountDownLatch(1).await();
    }

    private static LocalKafka.Listener listener(String text) {
        String[] parts = text.split(":", -1);
        return new LocalKafka.Listener(parts[0], Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
    }
}
