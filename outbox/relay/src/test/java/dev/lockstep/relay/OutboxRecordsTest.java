package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OutboxRecordsTest {
    private static final String ID = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
    private static final Instant COMMITTED = Instant.parse("2026-01-02T03:04:05.678Z");

    private final OutboxRecords records = new OutboxRecords("/order-service");

    @Test
    void a_row_becomes_a_cloudevent_in_binary_mode() {
        ProducerRecord<byte[], byte[]> record = records.row(row(ID, "o-1", "{}", "00-trace-01", null));

        assertThat(record.topic()).isEqualTo("order.created");
        assertThat(record.partition()).isNull();
        assertThat(text(record.key())).isEqualTo("o-1");
        assertThat(text(record.value())).isEqualTo("{}");
        assertThat(lines(record.headers()))
                .containsExactly(
                        "ce_specversion: 1.0",
                        "ce_id: " + ID,
                        "ce_type: OrderCreated",
                        "ce_source: /order-service",
                        "ce_time: 2022-02-22T19:22:22Z",
                        "ce_subject: o-1",
                        "content-type: application/json",
                        "traceparent: 00-trace-01");
    }

    @Test
    void a_numbered_row_has_sortable_sequence_and_previous_id_headers() {
        OutboxRow row = new OutboxRow(
                ID,
                "o-1",
                "OrderCreated",
                null,
                "order.created",
                null,
                null,
                12L,
                "the one before",
                null,
                COMMITTED,
                null);

        assertThat(lines(records.row(row).headers()))
                .contains("ce_sequence: 0000000012", "ce_previousid: the one before");
    }

    @Test
    void an_id_without_a_timestamp_gives_the_commit_time() {
        assertThat(lines(records.row(row("919108f7-52d1-4320-9bac-f847db4148a8", "o-1", "{}", null, null))
                        .headers()))
                .contains("ce_time: 2026-01-02T03:04:05.678Z");
    }

    @Test
    void a_row_without_optional_columns_gives_a_record_without_them() {
        ProducerRecord<byte[], byte[]> record = records.row(row(ID, null, null, null, null));

        assertThat(record.key()).isNull();
        assertThat(record.value()).isNull();
        assertThat(lines(record.headers())).noneMatch(line -> line.matches("(ce_subject|traceparent):.*"));
    }

    @Test
    void headers_stored_with_a_row_replace_all_others() {
        assertThat(lines(records.row(row(ID, "o-1", "{}", "00-trace-01", "[[\"ce_id\",\"MQ==\"]]"))
                        .headers()))
                .containsExactly("ce_id: 1");
    }

    @Test
    void creating_a_record_does_not_consume_the_payload() {
        OutboxRow row = row(ID, "o-1", "{\"n\":1}", null, null);

        records.row(row);

        assertThat(text(records.row(row).value())).isEqualTo("{\"n\":1}");
    }

    private static OutboxRow row(
            String id,
            @Nullable String key,
            @Nullable String payload,
            @Nullable String traceparent,
            @Nullable String headers) {
        ByteBuffer bytes = payload == null ? null : ByteBuffer.wrap(payload.getBytes(StandardCharsets.UTF_8));
        return new OutboxRow(
                id,
                key,
                "OrderCreated",
                bytes,
                "order.created",
                traceparent,
                headers,
                null,
                null,
                null,
                COMMITTED,
                null);
    }

    private static List<String> lines(Headers headers) {
        return Arrays.stream(headers.toArray())
                .map(header -> header.key() + ": " + text(header.value()))
                .toList();
    }

    private static String text(byte @Nullable [] bytes) {
        return new String(Objects.requireNonNull(bytes), StandardCharsets.UTF_8);
    }
}
