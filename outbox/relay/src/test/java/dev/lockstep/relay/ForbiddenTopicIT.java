package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.embedded.LocalKafka;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests with a broker of their own, which checks authorization. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ForbiddenTopicIT {
    private final LocalKafka kafka;
    private final OutboxFixture outbox;
    private final String other;
    private final OutboxRelay relay;

    ForbiddenTopicIT(@TempDir Path folder) {
        kafka = LocalKafka.start(
                folder,
                0,
                List.of(),
                Map.of(
                        "authorizer.class.name",
                        StandardAuthorizer.class.getName(),
                        "allow.everyone.if.no.acl.found",
                        "true"));
        outbox = OutboxFixture.create(kafka.bootstrapServers());
        other = outbox.topic() + "-other";
        outbox.createTopic(other, Map.of());
        relay = outbox.relay(outbox.config(Duration.ofMinutes(1)), new SimpleMeterRegistry());
        relay.start();
        OutboxFixture.await().until(() -> outbox.count("SELECT beat FROM outbox_watermark") > 0);
    }

    @AfterEach
    void close() {
        outbox.close();
        kafka.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"DESCRIBE", "READ", "ALTER"})
    void a_topic_without_write_permission_does_not_block_other_topics(AclOperation allowed) throws Exception {
        outbox.appendTo(other, "o-1", "before");
        OutboxFixture.await().until(() -> outbox.relayed() == 1);

        allowOnly(other, allowed);
        UUID refused = outbox.appendTo(other, "o-1", "1");
        outbox.appendTo(other, "o-1", "2");
        outbox.append("o-1", "meanwhile");

        Awaitility.await()
                .atMost(Duration.ofSeconds(5))
                .untilAsserted(() -> assertThat(relay.problem())
                        .hasValueSatisfying(problem -> assertThat(problem)
                                .contains("row " + refused, "topic " + other, "TopicAuthorizationException")));
        OutboxFixture.await().until(() -> outbox.relayed() == 2);
        assertThat(outbox.pending()).isEqualTo(2);

        allowAll();

        OutboxFixture.await().until(() -> outbox.pending() == 0);
        try (TopicReader reader = outbox.reader(other)) {
            assertThat(TopicReader.firstValuesByKey(reader.readAll()))
                    .isEqualTo(Map.of("o-1", List.of("before", "1", "2")));
        }
        OutboxFixture.await().until(() -> relay.problem().isEmpty());
    }

    @Test
    void rows_are_relayed_without_write_permission_on_the_heartbeat_topic() throws Exception {
        allowOnly("lockstep.heartbeats", AclOperation.DESCRIBE);
        outbox.append("o-1", "1");

        OutboxFixture.await().until(() -> outbox.relayed() == 1);
        assertThat(relay.problem()).isEmpty();
        outbox.append("o-1", "2");
        OutboxFixture.await().until(() -> outbox.relayed() == 2);
    }

    private void allowOnly(String topic, AclOperation allowed) throws Exception {
        try (Admin admin = admin()) {
            admin.createAcls(List.of(new AclBinding(
                            new ResourcePattern(ResourceType.TOPIC, topic, PatternType.LITERAL),
                            new AccessControlEntry("User:ANONYMOUS", "*", allowed, AclPermissionType.ALLOW))))
                    .all()
                    .get();
        }
    }

    private void allowAll() throws Exception {
        try (Admin admin = admin()) {
            admin.deleteAcls(List.of(AclBindingFilter.ANY)).all().get();
        }
    }

    private Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()));
    }
}
