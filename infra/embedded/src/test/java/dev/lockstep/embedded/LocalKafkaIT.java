package dev.lockstep.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class LocalKafkaIT {
    @TempDir
    Path folder;

    @Test
    void records_and_committed_offsets_survive_a_restart_on_another_port() throws Exception {
        try (LocalKafka kafka = LocalKafka.start(folder, 0)) {
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
                admin.createTopics(List.of(new NewTopic("words", Optional.of(3), Optional.empty())))
                        .all()
                        .get();
            }
            send(kafka, "first");
            assertThat(receive(kafka, 1)).containsExactly("first");
            send(kafka, "second");
        }

        try (LocalKafka kafka = LocalKafka.start(folder, 0)) {
            send(kafka, "third");
            assertThat(receive(kafka, 2)).containsExactlyInAnyOrder("second", "third");
        }
    }

    @Test
    void a_port_in_use_is_reported() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> LocalKafka.start(folder, taken.getLocalPort()))
                    .hasMessageContaining("Kafka cannot start on 127.0.0.1")
                    .hasMessageContaining(String.valueOf(taken.getLocalPort()));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"clients", "controller"})
    void a_port_taken_before_the_node_listens_is_replaced(String listener) throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Deque<Integer> ports = new ArrayDeque<>(
                    listener.equals("clients")
                            ? List.of(taken.getLocalPort(), FreePorts.any())
                            : List.of(FreePorts.any(), taken.getLocalPort()));

            try (LocalKafka kafka = LocalKafka.start(
                            folder,
                            0,
                            List.of(),
                            Map.of(),
                            () -> ports.isEmpty() ? FreePorts.any() : ports.removeFirst());
                    Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
                assertThat(kafka.port()).isNotEqualTo(taken.getLocalPort());
                assertThat(admin.describeCluster().nodes().get()).hasSize(1);
            }
        }
    }

    private static void send(LocalKafka kafka, String word) throws Exception {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", kafka.bootstrapServers()),
                new StringSerializer(),
                new StringSerializer())) {
            producer.send(new ProducerRecord<>("words", "key", word)).get();
        }
    }

    static List<String> receive(LocalKafka kafka, int count) {
        List<String> words = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers", kafka.bootstrapServers(),
                        "group.id", "readers",
                        "enable.auto.commit", "false",
                        "auto.offset.reset", "earliest"),
                new StringDeserializer(),
                new StringDeserializer())) {
            consumer.subscribe(List.of("words"));
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                    words.add(record.value());
                }
                return words.size() >= count;
            });
            consumer.commitSync();
        }
        return words;
    }
}
