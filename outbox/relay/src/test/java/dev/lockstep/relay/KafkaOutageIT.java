package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.embedded.LocalKafka;
import dev.lockstep.relay.TopicReader.Message;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class KafkaOutageIT {
    private final Path folder;
    private final OutboxFixture outbox;
    private LocalKafka kafka;

    // Uses its own broker, because stopping it must not disturb other tests.
    KafkaOutageIT(@TempDir Path folder) {
        this.folder = folder;
        kafka = LocalKafka.start(folder, 0);
        outbox = OutboxFixture.create(kafka.bootstrapServers());
    }

    @AfterEach
    void close() {
        outbox.close();
        kafka.close();
    }

    @Test
    void a_kafka_outage_under_load_loses_nothing() throws InterruptedException {
        OutboxRelay relay = outbox.relay();
        relay.start();
        Writers writers = Writers.start(outbox, 3);
        OutboxFixture.await().until(() -> outbox.relayed() > 50);

        kafka.close();
        OutboxFixture.await()
                .untilAsserted(() -> assertThat(relay.problem())
                        .hasValueSatisfying(problem -> assertThat(problem).contains(kafka.bootstrapServers())));
        writers.writeMore(100);
        long relayedWithoutKafka = outbox.relayed();
        kafka = LocalKafka.start(folder, port(kafka));
        writers.writeMore(100);
        Map<String, List<String>> committed = writers.stop();

        try (TopicReader reader = outbox.reader()) {
            List<Message> messages = reader.readUntil(
                    read -> read.stream().map(Message::id).distinct().count() == writers.committedRows());
            assertThat(TopicReader.firstValuesByKey(messages)).isEqualTo(committed);
        }
        OutboxFixture.await().untilAsserted(() -> {
            assertThat(relay.problem()).isEmpty();
            assertThat(outbox.relayed()).isGreaterThan(relayedWithoutKafka).isEqualTo(writers.committedRows());
        });
        // An unreachable Kafka refuses no row, so none was held back.
        assertThat(outbox.query("SELECT last_value FROM outbox_held_position_seq WHERE is_called"))
                .isNull();
    }

    @Test
    void a_relay_that_starts_before_kafka_waits_for_it() {
        kafka.close();
        OutboxRelay relay = outbox.relay();
        outbox.append("o-1", "early");

        relay.start();
        OutboxFixture.await().until(() -> relay.problem().isPresent());
        kafka = LocalKafka.start(folder, port(kafka));

        try (TopicReader reader = outbox.reader()) {
            assertThat(TopicReader.values(reader.readUntil(messages -> !messages.isEmpty())))
                    .contains("early");
        }
        OutboxFixture.await().untilAsserted(() -> assertThat(relay.problem()).isEmpty());
    }

    @Test
    void the_watermark_does_not_move_until_the_heartbeat_topic_can_be_created() {
        kafka.close();
        kafka = LocalKafka.start(folder, port(kafka), List.of(), Map.of("default.replication.factor", "2"));
        OutboxRelay relay = outbox.relay();

        relay.start();

        OutboxFixture.await()
                .untilAsserted(() -> assertThat(relay.problem())
                        .hasValueSatisfying(problem ->
                                assertThat(problem).contains("stalled", "InvalidReplicationFactorException")));
        assertThat(outbox.count("SELECT beat FROM outbox_watermark")).isZero();

        kafka.close();
        kafka = LocalKafka.start(folder, port(kafka));

        OutboxFixture.await().untilAsserted(() -> {
            assertThat(relay.problem()).isEmpty();
            assertThat(outbox.count("SELECT beat FROM outbox_watermark")).isPositive();
        });
        try (TopicReader heartbeats = outbox.reader("lockstep.heartbeats")) {
            assertThat(heartbeats.readUntil(beats -> !beats.isEmpty())).isNotEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DESCRIBE_CONFIGS", "DESCRIBE"})
    void rows_are_relayed_without_permission_to_create_the_heartbeat_topic(AclOperation allowed) throws Exception {
        kafka.close();
        kafka = LocalKafka.start(
                folder,
                port(kafka),
                List.of(),
                Map.of(
                        "authorizer.class.name",
                        StandardAuthorizer.class.getName(),
                        "allow.everyone.if.no.acl.found",
                        "true"));
        forbidToCreate("lockstep.heartbeats", allowed);
        OutboxRelay relay = outbox.relay();
        outbox.append("o-1", "1");

        relay.start();

        OutboxFixture.await().untilAsserted(() -> {
            assertThat(outbox.relayed()).isEqualTo(1);
            assertThat(relay.problem()).isEmpty();
        });
        try (TopicReader reader = outbox.reader();
                Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
            assertThat(TopicReader.values(reader.readAll())).containsExactly("1");
            assertThat(admin.listTopics().names().get()).doesNotContain("lockstep.heartbeats");
        }
    }

    @Test
    void rows_are_relayed_after_the_heartbeat_topic_is_deleted() throws Exception {
        OutboxRelay relay = outbox.relay();
        relay.start();
        outbox.append("o-1", "1");
        OutboxFixture.await().until(() -> outbox.relayed() == 1);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
            admin.deleteTopics(List.of("lockstep.heartbeats")).all().get();

            outbox.append("o-1", "2");
            OutboxFixture.await().untilAsserted(() -> {
                assertThat(outbox.relayed()).isEqualTo(2);
                assertThat(relay.problem()).isEmpty();
                assertThat(admin.listTopics().names().get()).contains("lockstep.heartbeats");
            });
        }
    }

    private void forbidToCreate(String topic, AclOperation allowed) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
            admin.createAcls(List.of(
                            acl(ResourceType.CLUSTER, "kafka-cluster", AclOperation.ALL, AclPermissionType.ALLOW),
                            acl(ResourceType.CLUSTER, "kafka-cluster", AclOperation.CREATE, AclPermissionType.DENY),
                            acl(ResourceType.TOPIC, topic, allowed, AclPermissionType.ALLOW)))
                    .all()
                    .get();
        }
    }

    private static AclBinding acl(
            ResourceType type, String name, AclOperation operation, AclPermissionType permission) {
        return new AclBinding(
                new ResourcePattern(type, name, PatternType.LITERAL),
                new AccessControlEntry("User:ANONYMOUS", "*", operation, permission));
    }

    @Test
    void closing_does_not_wait_for_kafka() {
        OutboxRelay relay = outbox.relay();
        relay.start();
        OutboxFixture.await().until(() -> outbox.count("SELECT beat FROM outbox_watermark") > 0);
        kafka.close();
        outbox.append("o-1", "stuck");
        OutboxFixture.await().until(() -> relay.problem().isPresent());

        Instant start = Instant.now();
        relay.close();

        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(5));
        assertThat(outbox.isSlotActive()).isFalse();
        assertThat(outbox.pending()).isEqualTo(1);
    }

    private static int port(LocalKafka kafka) {
        String servers = kafka.bootstrapServers();
        return Integer.parseInt(servers.substring(servers.lastIndexOf(':') + 1));
    }
}
