package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.relay.TopicReader.Message;
import dev.lockstep.testing.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class FailureReportingIT {
    @RegisterExtension
    final OutboxFixture outbox = OutboxFixture.create();

    private final TopicReader reader = outbox.reader();

    @Test
    void a_row_that_the_broker_refuses_is_reported_and_keeps_the_order_of_its_key() throws SQLException {
        outbox.changeTopic(outbox.topic(), "max.message.bytes", "150000");
        OutboxRelay relay = outbox.relay();
        relay.start();
        String large = "x".repeat(400_000);
        UUID refused;
        try (Connection connection = outbox.connect()) {
            connection.setAutoCommit(false);
            refused = outbox.append(connection, "o-1", large);
            outbox.append(connection, "o-1", "behind");
            connection.commit();
        }

        OutboxFixture.await()
                .untilAsserted(() -> assertThat(relay.problem())
                        .hasValueSatisfying(problem -> assertThat(problem)
                                .contains("row " + refused, "topic " + outbox.topic(), "RecordTooLargeException")));
        assertThat(outbox.pending()).isEqualTo(2);
        outbox.changeTopic(outbox.topic(), "max.message.bytes", "2000000");

        List<Message> messages =
                reader.readUntil(read -> TopicReader.values(read).containsAll(List.of(large, "behind")));
        assertThat(TopicReader.firstValuesByKey(messages)).isEqualTo(Map.of("o-1", List.of(large, "behind")));
        OutboxFixture.await().untilAsserted(() -> {
            assertThat(relay.problem()).isEmpty();
            assertThat(outbox.pending()).isZero();
        });
    }

    @Test
    void a_row_larger_than_the_producer_allows_is_reported() {
        OutboxRelay relay =
                outbox.relay(outbox.config(Map.of("max.request.size", "100000")), new SimpleMeterRegistry());
        relay.start();

        UUID refused = outbox.append("o-1", "x".repeat(200_000));
        outbox.append("o-1", "behind");

        OutboxFixture.await()
                .untilAsserted(() -> assertThat(relay.problem())
                        .hasValueSatisfying(problem -> assertThat(problem)
                                .contains("row " + refused, "topic " + outbox.topic(), "RecordTooLargeException")));
        assertThat(reader.readAll()).isEmpty();
        assertThat(outbox.pending()).isEqualTo(2);
    }

    @Test
    void a_row_for_a_missing_topic_is_reported_and_sent_once_the_topic_exists() {
        String missing = outbox.topic() + "-missing";
        OutboxRelay relay = outbox.relay(outbox.config(Map.of("max.block.ms", "500")), new SimpleMeterRegistry());
        relay.start();
        outbox.execute("INSERT INTO outbox (aggregatetype, type, topic) VALUES ('order', 'Ping', '" + missing + "')");
        String id = outbox.query("SELECT id FROM outbox");

        OutboxFixture.await()
                .untilAsserted(() -> assertThat(relay.problem())
                        .hasValueSatisfying(problem -> assertThat(problem)
                                .contains("row " + id, "topic " + missing, "the topic does not exist")));
        outbox.createTopic(missing, Map.of());

        OutboxFixture.await().untilAsserted(() -> {
            assertThat(relay.problem()).isEmpty();
            assertThat(outbox.pending()).isZero();
        });
    }

    @Test
    void a_row_with_unreadable_headers_is_reported_at_once() {
        OutboxRelay relay = outbox.relay(outbox.config(Duration.ofMinutes(10)), new SimpleMeterRegistry());
        relay.start();
        OutboxFixture.await().until(() -> relay.problem().isEmpty());

        outbox.execute("INSERT INTO outbox (aggregatetype, type, topic, headers) VALUES ('order', 'Ping', '"
                + outbox.topic() + "', '{\"ce_id\":\"1\"}')");

        String id = outbox.query("SELECT id FROM outbox");
        OutboxFixture.await()
                .untilAsserted(() -> assertThat(relay.problem())
                        .hasValueSatisfying(
                                problem -> assertThat(problem).contains("row " + id, "its headers must be")));
        assertThat(outbox.pending()).isEqualTo(1);
    }

    @Test
    void a_row_from_before_the_slot_is_not_relayed_while_kafka_is_unavailable() {
        outbox.append("o-1", "1");
        RelayConfig unreachable = outbox.config(Map.of("max.block.ms", "500"));
        OutboxRelay relay = new OutboxRelay(withKafkaAt("127.0.0.1:1", unreachable), new SimpleMeterRegistry());
        relay.prepare();

        relay.start();
        OutboxFixture.await()
                .untilAsserted(() -> assertThat(relay.problem())
                        .hasValueSatisfying(
                                problem -> assertThat(problem).contains("Kafka at 127.0.0.1:1 cannot be reached")));
        relay.close();

        assertThat(outbox.pending()).isEqualTo(1);
        outbox.relay().start();
        assertThat(TopicReader.values(reader.readUntil(messages -> !messages.isEmpty())))
                .containsExactly("1");
    }

    @Test
    void preparing_a_database_without_an_outbox_fails_with_the_reason() {
        String empty = new TestDatabase("empty").name();
        RelayConfig config = inDatabase(empty, outbox.config());

        try (OutboxRelay relay = new OutboxRelay(config, new SimpleMeterRegistry())) {
            assertThatThrownBy(relay::prepare)
                    .hasMessageStartingWith(
                            "database " + empty + " has no outbox tables, its schema must be migrated first: ");
        }
    }

    private static RelayConfig withKafkaAt(String bootstrapServers, RelayConfig config) {
        Map<String, String> producer = new HashMap<>(config.producer());
        producer.put("bootstrap.servers", bootstrapServers);
        return copy(config, config.database(), config.slotName(), producer);
    }

    private static RelayConfig inDatabase(String database, RelayConfig config) {
        return copy(config, database, database + "_outbox", config.producer());
    }

    private static RelayConfig copy(RelayConfig config, String database, String slot, Map<String, String> producer) {
        return new RelayConfig(
                new PostgresAccess(
                        config.host(),
                        config.port(),
                        database,
                        config.postgres().relay()),
                slot,
                config.publicationName(),
                config.source(),
                producer,
                config.heartbeatInterval(),
                config.stalledAfter());
    }
}
