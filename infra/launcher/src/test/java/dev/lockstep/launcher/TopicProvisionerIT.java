package dev.lockstep.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.embedded.LocalKafka;
import dev.lockstep.runtime.Env;
import dev.lockstep.runtime.KafkaConfig;
import dev.lockstep.runtime.MessagingConfig.Topics;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.testing.Futures;
import dev.lockstep.testing.TestKafka;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

@DisplayNameGeneration(ReplaceUnderscores.class)
class TopicProvisionerIT {
    @RegisterExtension
    final TestKafka shared = new TestKafka();

    private final Vertx vertx = Vertx.vertx();

    @AfterEach
    void close() {
        Futures.await(vertx.close());
    }

    @Test
    void topics_that_kafka_refuses_are_named() {
        TopicProvisioner topics = provisioner(new Topics(true, 1, 3), "refused.topic");

        topics.start();

        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(topics.problem())
                        .hasValueSatisfying(problem -> assertThat(problem)
                                .contains("did not create the topics refused.topic (", "refused.topic.dlq (")
                                .contains("TOPIC_REPLICATION_FACTOR")));
        assertThat(topics.provisioned().isComplete()).isFalse();
        Futures.await(topics.close());
    }

    @Test
    void topics_that_may_be_created_are_provisioned_once() {
        TopicProvisioner topics = provisioner(new Topics(true, 1, 1), "wanted.topic");

        topics.start();

        Futures.await(topics.provisioned());
        assertThat(topics.problem()).isEmpty();
        assertThat(topics.count()).isEqualTo(2);
        Futures.await(topics.close());
    }

    // With a broker of its own, because stopping it must not disturb other tests.
    @Test
    void a_missing_topic_is_reported_only_while_kafka_says_so(@TempDir Path folder)
            throws ExecutionException, InterruptedException {
        LocalKafka kafka = LocalKafka.start(folder, 0);
        TopicProvisioner topics = new TopicProvisioner(vertx, config(kafka.bootstrapServers()), List.of("made"));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic("made", 1, (short) 1), new NewTopic("made.dlq", 1, (short) 1)))
                    .all()
                    .get();
            topics.start();
            await().atMost(Duration.ofSeconds(30)).until(() -> topics.problem().isEmpty());

            admin.deleteTopics(List.of("made")).all().get();
            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(topics.problem())
                            .hasValueSatisfying(problem -> assertThat(problem).contains("has no topic made")));
            kafka.close();

            await().atMost(Duration.ofSeconds(30)).until(() -> topics.problem().isEmpty());
        } finally {
            Futures.await(topics.close());
            kafka.close();
        }
    }

    @Test
    void a_check_that_kafka_does_not_answer_reports_nothing_once_it_is_closed() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            silent.setSoTimeout(30_000);
            TopicProvisioner topics =
                    new TopicProvisioner(vertx, config("127.0.0.1:" + silent.getLocalPort()), List.of("made"));
            topics.start();
            // Returns once the check is in progress.
            try (Socket connection = silent.accept()) {
                assertThat(connection.isConnected()).isTrue();
                Futures.await(topics.close());
            }

            // Ends all work of the check.
            Futures.await(vertx.close());
            assertThat(topics.problem())
                    .hasValueSatisfying(problem -> assertThat(problem).endsWith("have not been checked yet"));
        }
    }

    private TopicProvisioner provisioner(Topics settings, String topic) {
        KafkaConfig kafka = new KafkaConfig(shared.bootstrapServers(), Map.of());
        return new TopicProvisioner(vertx, "echo-service", kafka, settings, List.of(topic));
    }

    private static ServiceConfig config(String bootstrapServers) {
        return ServiceConfig.read(
                new Env(Map.of(
                        "POSTGRES_URI",
                        "postgresql://127.0.0.1:9/made",
                        "POSTGRES_USER",
                        "lockstep",
                        "POSTGRES_PASSWORD",
                        "lockstep",
                        "KAFKA_BOOTSTRAP_SERVERS",
                        bootstrapServers,
                        "TOPIC_CREATE",
                        "false")),
                "made-service",
                0);
    }
}
