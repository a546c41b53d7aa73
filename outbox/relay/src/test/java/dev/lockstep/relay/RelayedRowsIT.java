package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.relay.TopicReader.Message;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class RelayedRowsIT {
    @RegisterExtension
    final OutboxFixture outbox = OutboxFixture.create();

    private final TopicReader reader = outbox.reader();

    @Test
    void a_row_arrives_with_its_key_value_and_cloudevents_headers() {
        outbox.relay().start();

        outbox.execute("""
                INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, topic, traceparent)
                VALUES ('0198c0de-1234-7abc-8def-0123456789ab', 'order', 'o-1', 'OrderCreated', '{"orderId":"o-1"}', '%s',
                        '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')
                """.formatted(outbox.topic()));

        assertThat(reader.readUntil(messages -> messages.size() == 1))
                .containsExactly(new Message(
                        "o-1",
                        "{\"orderId\":\"o-1\"}",
                        Map.of(
                                "ce_specversion", "1.0",
                                "ce_id", "0198c0de-1234-7abc-8def-0123456789ab",
                                "ce_type", "OrderCreated",
                                "ce_source", "/order-service",
                                "ce_time", "2025-08-19T05:47:15.892Z",
                                "ce_subject", "o-1",
                                "content-type", "application/json",
                                "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")));
    }

    @Test
    void a_row_without_key_payload_and_time_arrives_without_key_and_value_and_with_its_commit_time() {
        outbox.relay().start();
        Instant before = Instant.now().minusSeconds(1);

        outbox.execute(
                "INSERT INTO outbox (id, aggregatetype, type, topic) VALUES (gen_random_uuid(), 'order', 'Ping', '%s')"
                        .formatted(outbox.topic()));

        Message message = reader.readUntil(messages -> messages.size() == 1).getFirst();
        assertThat(message.key()).isNull();
        assertThat(message.value()).isNull();
        assertThat(message.headers())
                .containsOnlyKeys("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "content-type");
        assertThat(Instant.parse(message.headers().get("ce_time")))
                .isBetween(before, Instant.now().plusSeconds(1));
    }

    @Test
    void a_row_with_its_own_headers_gets_no_others() {
        outbox.relay().start();

        outbox.execute("""
                INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic, headers)
                VALUES ('order', 'o-1', 'DeadLetter', 'not json', '%s', '[["ce_id","b3JpZ2luYWw="],["dlq_reason","VU5ERUNPREFCTEU="]]')
                """.formatted(outbox.topic()));

        assertThat(reader.readUntil(messages -> messages.size() == 1))
                .containsExactly(
                        new Message("o-1", "not json", Map.of("ce_id", "original", "dlq_reason", "UNDECODABLE")));
    }

    @Test
    void a_resent_row_keeps_its_original_id_and_sequence() {
        outbox.relay().start();

        outbox.execute("""
                INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic, sequence, previous_id, resend_of)
                VALUES ('order', 'o-1', 'OrderCreated', '{}', '%s', 2, '0198c0de-1234-7abc-8def-000000000001',
                        '0198c0de-1234-7abc-8def-000000000002')
                """.formatted(outbox.topic()));

        assertThat(reader.readUntil(messages -> messages.size() == 1).getFirst().headers())
                .containsEntry("ce_id", "0198c0de-1234-7abc-8def-000000000002")
                .containsEntry("ce_time", "2025-08-19T05:47:15.892Z")
                .containsEntry("ce_sequence", "0000000002")
                .containsEntry("ce_previousid", "0198c0de-1234-7abc-8def-000000000001");
    }

    @Test
    void a_publication_without_newer_columns_is_updated_and_older_rows_still_arrive() {
        outbox.execute("""
                CREATE PUBLICATION lockstep_outbox
                   FOR TABLE outbox (id, aggregatetype, aggregateid, type, payload, topic, traceparent, headers), outbox_heartbeat
                  WITH (publish = 'insert', publish_via_partition_root = true)
                """);
        outbox.execute("SELECT pg_create_logical_replication_slot('%s', 'pgoutput')".formatted(outbox.slot()));
        outbox.append("o-1", "older");

        OutboxRelay relay = outbox.relay();
        outbox.execute("""
                INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic, sequence)
                VALUES ('order', 'o-1', 'OrderCreated', 'newer', '%s', 7)
                """.formatted(outbox.topic()));
        relay.start();

        List<Message> messages = reader.readUntil(read -> read.size() == 2);
        assertThat(TopicReader.values(messages)).containsExactly("older", "newer");
        assertThat(messages.getFirst().headers()).doesNotContainKey("ce_sequence");
        assertThat(messages.getLast().headers()).containsEntry("ce_sequence", "0000000007");
    }

    @Test
    void rows_of_a_key_arrive_in_commit_order() throws InterruptedException {
        outbox.relay().start();

        Writers writers = Writers.start(outbox, 4);
        writers.writeMore(2_000);
        Map<String, List<String>> committed = writers.stop();

        List<Message> messages = reader.readUntil(read -> read.size() == writers.committedRows());
        assertThat(TopicReader.firstValuesByKey(messages)).isEqualTo(committed);
    }

    @Test
    void a_transaction_that_is_rolled_back_sends_nothing() throws SQLException {
        outbox.relay().start();

        try (Connection connection = outbox.connect()) {
            connection.setAutoCommit(false);
            outbox.append(connection, "o-1", "never");
            connection.rollback();
            outbox.append(connection, "o-1", "committed");
            connection.commit();
        }

        assertThat(TopicReader.values(reader.readUntil(messages -> !messages.isEmpty())))
                .containsExactly("committed");
    }

    @Test
    void a_large_transaction_arrives_as_a_whole() {
        outbox.relay().start();

        outbox.execute("""
                INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic)
                SELECT 'order', 'o-1', 'Counted', convert_to(n::text, 'UTF8'), '%s' FROM generate_series(1, 20000) n
                """.formatted(outbox.topic()));

        assertThat(TopicReader.values(reader.readUntil(messages -> messages.size() >= 20_000)))
                .isEqualTo(IntStream.rangeClosed(1, 20_000)
                        .mapToObj(Integer::toString)
                        .toList());
    }

    @Test
    void a_payload_of_three_megabytes_arrives() {
        String topic = outbox.topic() + "-large";
        outbox.createTopic(topic, Map.of("max.message.bytes", "4194304"));
        outbox.relay().start();

        outbox.execute("""
                INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic)
                VALUES ('order', 'o-1', 'Large', convert_to(repeat('x', 3000000), 'UTF8'), '%s')
                """.formatted(topic));

        try (TopicReader large = outbox.reader(topic)) {
            assertThat(TopicReader.values(large.readUntil(messages -> !messages.isEmpty())))
                    .containsExactly("x".repeat(3_000_000));
        }
    }

    @Test
    void heartbeats_are_sent_to_their_own_topic() {
        outbox.relay().start();

        OutboxFixture.await().until(() -> outbox.count("SELECT beat FROM outbox_watermark") > 1);

        try (TopicReader heartbeats = outbox.reader(OutboxRecords.HEARTBEAT_TOPIC)) {
            long beat = outbox.count("SELECT beat FROM outbox_watermark");
            assertThat(heartbeats.readAll())
                    .contains(new Message("/order-service", "{\"beat\":" + beat + "}", Map.of()));
        }
    }

    @Test
    void the_relay_publishes_metrics() {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        outbox.relay(outbox.config(), meters).start();

        outbox.append("o-1", "1");
        outbox.append("o-2", "2");
        reader.readUntil(messages -> messages.size() == 2);

        OutboxFixture.await().untilAsserted(() -> {
            assertThat(meters.get("lockstep.relay.rows").counter().count()).isEqualTo(2);
            assertThat(meters.get("lockstep.relay.leader").gauge().value()).isEqualTo(1);
            assertThat(meters.get("lockstep.relay.lag.seconds").gauge().value()).isBetween(0.0, 10.0);
            assertThat(meters.get("lockstep.relay.slot.retained.bytes").gauge().value())
                    .isBetween(0.0, 1e9);
        });
    }

    @Test
    void old_heartbeats_are_deleted() {
        outbox.relay().start();
        outbox.execute("INSERT INTO outbox_heartbeat SELECT FROM generate_series(1, 5000)");

        OutboxFixture.await().until(() -> outbox.count("SELECT beat FROM outbox_watermark") > 5000);

        assertThat(outbox.count("SELECT count(*) FROM outbox_heartbeat")).isLessThan(150);
    }
}
