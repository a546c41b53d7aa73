package dev.lockstep.relay;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.connect.data.Struct;
import org.jspecify.annotations.Nullable;

/** Turns one captured row into the Kafka record it stands for. Pure: the same row always gives the same record. */
final class OutboxRecords {
    static final String HEARTBEAT_TOPIC = "lockstep.heartbeats";

    private final Header specVersion = header("ce_specversion", "1.0");
    private final Header contentType = header("content-type", "application/json");
    private final Header source;
    private final byte[] sourceKey;

    OutboxRecords(String source) {
        this.source = header("ce_source", source);
        this.sourceKey = bytes(source);
    }

    /** @param committed when the row's transaction committed; stands in for the time that an id other than a UUIDv7 does not carry */
    ProducerRecord<byte[], byte[]> row(Struct row, Instant committed) {
        String key = row.getString("aggregateid");
        return new ProducerRecord<>(
                row.getString("topic"),
                null,
                key == null ? null : bytes(key),
                payload(row.get("payload")),
                headers(row, key, committed));
    }

    ProducerRecord<byte[], byte[]> heartbeat(Beat beat) {
        return new ProducerRecord<>(HEARTBEAT_TOPIC, sourceKey, bytes("{\"beat\":" + beat.number() + "}"));
    }

    private List<Header> headers(Struct row, @Nullable String key, Instant committed) {
        String complete = row.getString("headers");
        if (complete != null) {
            return CompleteHeaders.parse(complete);
        }
        String id = row.getString("id");
        List<Header> headers = new ArrayList<>(8);
        headers.add(specVersion);
        headers.add(header("ce_id", id));
        headers.add(header("ce_type", row.getString("type")));
        headers.add(source);
        headers.add(header("ce_time", UuidTime.of(id).orElse(committed).toString()));
        if (key != null) {
            headers.add(header("ce_subject", key));
        }
        headers.add(contentType);
        String traceparent = row.getString("traceparent");
        if (traceparent != null) {
            headers.add(header("traceparent", traceparent));
        }
        return headers;
    }

    private static byte @Nullable [] payload(@Nullable Object value) {
        return switch (value) {
            case null -> null;
            case byte[] bytes -> bytes;
            case ByteBuffer buffer -> {
                byte[] copy = new byte[buffer.remaining()];
                buffer.duplicate().get(copy);
                yield copy;
            }
            default -> throw new IllegalStateException("payload is a " + value.getClass());
        };
    }

    private static Header header(String name, String value) {
        return new RecordHeader(name, bytes(value));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
