package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.relay.TopicReader.Message;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class RelayedRowsIT {
    private OutboxFixture outbox = OutboxFixture.create();
    private TopicReader reader = outbox.reader();

    @Test
    void a_row_arrives_with_its_key_value_and_cloudevents_headers() {
        // Given
        outbox.relay().start();

        // When
        outbox.execute("""
                INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, topic, traceparent)
                VALUES ('0198c0de-1234-7abc-8def-0123456789ab', 'order', 'o-1', 'OrderCreated', '{"orderId":"o-1"}', '%s',
                        '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')
                """.formatted(outbox.topic()));

        // Then
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
}
