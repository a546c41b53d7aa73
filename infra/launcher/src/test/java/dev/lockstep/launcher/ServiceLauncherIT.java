package dev.lockstep.launcher;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.lockstep.embedded.FreePorts;
import dev.lockstep.embedded.LocalKafka;
import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.launcher.EchoService.FakeRelay;
import dev.lockstep.launcher.EchoService.Gate;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.runtime.StartException;
import dev.lockstep.testing.TestDatabase;
import dev.lockstep.testing.TestKafka;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
@Timeout(240)
class ServiceLauncherIT {
    @RegisterExtension
    final TestDatabase database = new TestDatabase("runner");

    @RegisterExtension
    final TestKafka kafka = new TestKafka();

    private final Gate gate = new Gate();
    private final FakeRelay relay = new FakeRelay();

    @Test
    void migrations_run_before_the_service_starts() {
        try (RunningService service = start(Map.of())) {
            assertThat(service.httpPort()).isPositive();
            assertThat(database.strings("SELECT to_regclass('outbox') UNION ALL SELECT to_regclass('echo')"))
                    .containsExactly("outbox", "echo");
        }

        // A second start finds nothing left to do.
        try (RunningService service = start(Map.of())) {
            assertThat(Http.to(service).get("/health/live").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void topics_are_created_and_dead_letter_topics_allow_larger_records() {
        try (RunningService service = start(List.of("runner.made"), Map.of("TOPIC_PARTITIONS", "3"))) {
            awaitReady(service);
        }

        ConfigResource deadLetters = new ConfigResource(ConfigResource.Type.TOPIC, "runner.made.dlq");
        assertThat(TestKafka.await(kafka.admin()
                                .describeTopics(List.of("runner.made", "runner.made.dlq"))
                                .allTopicNames())
                        .values())
                .allSatisfy(topic -> assertThat(topic.partitions()).hasSize(3))
                .hasSize(2);
        assertThat(TestKafka.await(kafka.admin()
                                .describeConfigs(List.of(deadLetters))
                                .all())
                        .values()
                        .iterator()
                        .next()
                        .entries())
                .anySatisfy(entry -> {
                    assertThat(entry.name()).isEqualTo("max.message.bytes");
                    assertThat(entry.value()).isEqualTo("2097152");
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"runner.again", "runner.again.dlq"})
    void a_deleted_topic_is_created_again(String deleted) {
        try (RunningService service = start(List.of("runner.again"), Map.of())) {
            awaitReady(service);

            kafka.deleteTopic(deleted);

            await().atMost(20, SECONDS)
                    .untilAsserted(() ->
                            assertThat(kafka.admin().listTopics().names().get()).contains(deleted));
        }
    }

    @Test
    void a_deleted_topic_is_reported_when_creation_is_disabled() {
        kafka.createTopic("runner.kept", 1);
        kafka.createTopic("runner.kept.dlq", 1);
        try (RunningService service = start(List.of("runner.kept"), Map.of("TOPIC_CREATE", "false"))) {
            awaitReady(service);

            kafka.deleteTopic("runner.kept");

            await().atMost(20, SECONDS)
                    .untilAsserted(() -> assertThat(ready(service).body()).contains("has no topic runner.kept, and"));
        }
    }

    @Test
    void topics_that_kafka_refuses_are_reported_with_the_reason() {
        try (RunningService service = start(List.of("runner.refused"), Map.of("TOPIC_REPLICATION_FACTOR", "2"))) {
            await().untilAsserted(() -> assertThat(ready(service).body())
                    .contains("Kafka at " + kafka.bootstrapServers()
                            + " did not create the topics runner.refused (org.apache.kafka.common.errors"
                            + ".InvalidReplicationFactorException: ")
                    .contains(", runner.refused.dlq (")
                    .contains("; see TOPIC_CREATE, TOPIC_PARTITIONS, TOPIC_REPLICATION_FACTOR"));
        }
    }

    @Test
    void a_topic_that_another_service_has_just_created_is_no_problem() {
        // Internal topics are not listed, so the service tries to create a topic that exists, as it does in that race.
        String existing = "__consumer_offsets";
        // Kafka creates it when a group is first requested.
        TestKafka.await(kafka.admin().listConsumerGroupOffsets("any").partitionsToOffsetAndMetadata());

        try (RunningService service = start(List.of(existing), Map.of())) {
            awaitReady(service);
        }
    }

    @Test
    void a_missing_topic_is_reported_until_it_is_created() {
        try (RunningService service = start(List.of("runner.missing"), Map.of("TOPIC_CREATE", "false"))) {
            await().untilAsserted(() -> assertThat(ready(service).body())
                    .contains("Kafka at " + kafka.bootstrapServers()
                            + " has no topic runner.missing, runner.missing.dlq, and TOPIC_CREATE is false"));
            assertThat(ready(service).statusCode()).isEqualTo(503);

            kafka.createTopic("runner.missing", 1);
            kafka.createTopic("runner.missing.dlq", 1);

            awaitReady(service);
        }
    }

    @Test
    void a_service_serves_without_kafka_and_becomes_ready_once_kafka_is_available(@TempDir Path folder) {
        int port = FreePorts.any();
        String bootstrapServers = "127.0.0.1:" + port;
        try (RunningService service = EchoService.start(
                EchoService.settings(database.uri(), bootstrapServers, Map.of("TOPIC_REPLICATION_FACTOR", "1")),
                List.of("runner.later"),
                gate,
                relay)) {
            await().atMost(20, SECONDS)
                    .untilAsserted(() -> assertThat(ready(service).body())
                            .contains("Kafka at " + bootstrapServers
                                    + " (KAFKA_BOOTSTRAP_SERVERS) did not list its topics: Timed out waiting"));
            assertThat(ready(service).statusCode()).isEqualTo(503);
            assertThat(Http.to(service).postJson("/echo", "{'text':'a'}").statusCode())
                    .isEqualTo(200);

            try (LocalKafka kafka = LocalKafka.start(folder, port)) {
                assertThat(kafka.bootstrapServers()).isEqualTo(bootstrapServers);
                awaitReady(service);
            }
        }
    }

    @Test
    void a_service_waits_for_postgres_and_reports_its_outage(@TempDir Path folder) throws Exception {
        int port = FreePorts.any();
        String uri = "postgresql://127.0.0.1:" + port + "/echoes";
        // The first start creates the role. Until then, Postgres would reject the login of the service.
        LocalPostgres.start(folder, port).close();
        CompletableFuture<RunningService> starting = CompletableFuture.supplyAsync(() -> EchoService.start(
                EchoService.settings(uri, kafka.bootstrapServers(), Map.of()), List.of(), gate, relay));

        RunningService service;
        LocalPostgres postgres = LocalPostgres.start(folder, port);
        try {
            assertThat(starting).isNotDone();
            postgres.createDatabase("echoes");
            service = starting.get(60, SECONDS);
            awaitReady(service);
        } finally {
            postgres.close();
        }

        await().atMost(20, SECONDS)
                .untilAsserted(() -> assertThat(ready(service).body())
                        .contains("Postgres at 127.0.0.1:" + port + "/echoes does not answer"));
        HttpResponse<String> refused = Http.to(service).get("/echo/e1");
        service.close();

        assertThat(refused.statusCode()).isEqualTo(503);
        assertThat(refused.headers().firstValue("Retry-After")).contains("1");
    }

    @Test
    void a_wrong_password_fails_the_start_immediately() {
        assertThatThrownBy(() -> start(Map.of("POSTGRES_USER", "unknown")))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("rejects the login with POSTGRES_USER unknown and POSTGRES_PASSWORD");
    }

    @Test
    void a_port_in_use_is_reported_before_anything_starts() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();
            assertThatThrownBy(() -> start(Map.of(
                            "POSTGRES_URI",
                            database.server().uri("no_such_database"),
                            "HTTP_PORT",
                            Integer.toString(port))))
                    .isInstanceOf(StartException.class)
                    .hasMessage("HTTP_PORT " + port + " on 127.0.0.1 is in use by another process: stop that process,"
                            + " or set HTTP_PORT to a free port");
        }
        assertThat(relay.prepared).isFalse();
    }

    @Test
    void a_start_that_fails_halfway_closes_what_it_has_opened() {
        relay.refusal = new StartException("the slot is in use");

        assertThatThrownBy(() -> start(Map.of())).isSameAs(relay.refusal);

        assertThat(relay.closed).isTrue();
    }

    @Test
    void a_verticle_that_does_not_start_is_stopped() {
        AtomicBoolean stopped = new AtomicBoolean();
        VerticleBase verticle = new VerticleBase() {
            @Override
            public Future<?> start() {
                return Future.failedFuture(new StartException("no room"));
            }

            @Override
            public Future<?> stop() {
                stopped.set(true);
                return Future.succeededFuture();
            }
        };
        ServiceConfig config =
                EchoService.config(EchoService.settings(database.uri(), kafka.bootstrapServers(), Map.of()));

        assertThatThrownBy(() -> ServiceLauncher.start(config, List.of(), context -> verticle, context -> relay))
                .isInstanceOf(StartException.class)
                .hasMessage("no room");

        assertThat(stopped).isTrue();
        assertThat(relay.started).isFalse();
        assertThat(relay.closed).isTrue();
    }

    @Test
    void a_foreign_host_address_is_reported() {
        assertThatThrownBy(() -> start(Map.of(
                        "POSTGRES_URI",
                        database.server().uri("no_such_database"),
                        "AUTH",
                        "none",
                        "HTTP_HOST",
                        "192.0.2.1",
                        "HTTP_PORT",
                        "1")))
                .isInstanceOf(StartException.class)
                .hasMessageStartingWith("cannot listen on HTTP_PORT 1 on 192.0.2.1: ");
    }

    @Test
    void in_flight_requests_complete_before_shutdown() throws Exception {
        RunningService service = start(Map.of());
        Http http = Http.to(service);
        Http another = Http.to(service);
        CompletableFuture<HttpResponse<String>> inFlight = http.getLater("/slow");
        assertThat(gate.reached.await(10, SECONDS)).isTrue();

        CompletableFuture<Void> closing = CompletableFuture.runAsync(service::close);

        await().untilAsserted(() ->
                assertThatThrownBy(() -> another.get("/health/live")).isInstanceOf(java.io.UncheckedIOException.class));
        assertThat(closing).isNotDone();
        assertThat(relay.closed).isFalse();
        gate.open.complete();

        assertThat(inFlight.get(10, SECONDS).body()).isEqualTo("{\"slow\":true}");
        closing.get(10, SECONDS);
        assertThat(relay.closed).isTrue();
    }

    @Test
    void a_hanging_request_does_not_delay_shutdown_beyond_the_timeout() throws Exception {
        RunningService service = start(Map.of("SHUTDOWN_TIMEOUT", "PT2S"));
        CompletableFuture<HttpResponse<String>> inFlight = Http.to(service).getLater("/slow");
        assertThat(gate.reached.await(10, SECONDS)).isTrue();

        CompletableFuture.runAsync(service::close).get(10, SECONDS);

        assertThat(inFlight).failsWithin(java.time.Duration.ofSeconds(5));
        assertThat(relay.closed).isTrue();
    }

    private RunningService start(Map<String, String> settings) {
        return start(List.of(), settings);
    }

    private RunningService start(List<String> topics, Map<String, String> settings) {
        return EchoService.start(
                EchoService.settings(database.uri(), kafka.bootstrapServers(), settings), topics, gate, relay);
    }

    private static void awaitReady(RunningService service) {
        await().atMost(60, SECONDS)
                .untilAsserted(() -> assertThat(ready(service).body()).startsWith("{\"status\":\"UP\""));
    }

    private static HttpResponse<String> ready(RunningService service) {
        return Http.to(service).get("/health/ready");
    }
}
