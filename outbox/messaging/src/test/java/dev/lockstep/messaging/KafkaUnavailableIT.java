package dev.lockstep.messaging;

import static dev.lockstep.messaging.Fixture.greeter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.embedded.LocalKafka;
import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayNameGeneration(ReplaceUnderscores.class)
class KafkaUnavailableIT {
    private static final Map<String, String> SHORT_SESSIONS = Map.of("group.min.session.timeout.ms", "1000");

    private final Fixture fixture = new Fixture();
    private final Path folder;
    private LocalKafka kafka;

    // A broker of its own, because stopping it must not disturb other tests.
    KafkaUnavailableIT(@TempDir Path folder) {
        this.folder = folder;
        kafka = start(0);
    }

    // Consumers are stopped while they can still leave their group.
    @AfterEach
    void close() {
        fixture.close();
        kafka.close();
    }

    @Test
    void a_joined_consumer_reports_when_kafka_is_unavailable_and_recovers() {
        MessageConsumer consumer = fixture.consume(options(), greeter(), topic -> true);
        await().untilAsserted(() -> assertThat(consumer.problem()).isEmpty());

        kafka.close();
        await().untilAsserted(() -> assertThat(consumer.problem())
                .hasValueSatisfying(
                        problem -> assertThat(problem).startsWith(fixture.group + " has not reached Kafka for ")));
        kafka = start(kafka.port());

        await().untilAsserted(() -> assertThat(consumer.problem()).isEmpty());
    }

    private LocalKafka start(int port) {
        return LocalKafka.start(folder, port, List.of(), SHORT_SESSIONS);
    }

    private ConsumerOptions options() {
        ConsumerOptions options = fixture.options();
        return new ConsumerOptions(
                options.group(),
                options.topics(),
                Map.of(
                        "bootstrap.servers",
                        kafka.bootstrapServers(),
                        "session.timeout.ms",
                        "2000",
                        "heartbeat.interval.ms",
                        "500"),
                options.maxBatch(),
                options.retries(),
                options.inboxRetention(),
                options.gaps());
    }
}
