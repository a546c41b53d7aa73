package dev.lockstep.relay;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;

/** Converts rows into Kafka records. Pure: the same row always gives the same record. */
final class OutboxRecords {
    static final String HEARTBEAT_TOPIC = "lockstep.heartbeats";

    private static final int SEQUENCE_DIGITS = 10;

    private final Header specVersion = header("ce_specversion", "1.0");
    private final Header contentType = header("content-type", "application/json");
    private final Header source;
    private final byte[] sourceKey;

    OutboxRecords(String source) {
        this.source = header("ce_source", source);
        this.sourceKey = bytes(source);
    }

    /** @throws RelayException if the row's own headers cannot be parsed */
    ProducerRecord<byte[], byte[]> row(OutboxRow row) {
        String key = row.key();
        return new ProducerRecord<>(
                row.topic(), null, key == null ? null : bytes(key), payload(row.payload()), headers(row));
    }

    ProducerRecord<byte[], byte[]> heartbeat(Heartbeat beat) {
        return new ProducerRecord<>(HEARTBEAT_TOPIC, sourceKey, bytes("{\"beat\":" + beat.number() + "}"));
    }

    private List<Header> headers(OutboxRow row) {
        String complete = row.headers();
        if (complete != null) {
            return HeaderListParser.parse(row.id(), complete);
        }
        List<Header> headers = new ArrayList<>(10);
        headers.add(specVersion);
        headers.add(header("ce_id", row.messageId()));
        headers.add(header("ce_type", row.type()));
        headers.add(source);
        headers.add(header(
                "ce_time", UuidTime.of(row.messageId()).orElse(row.committed()).toString()));
        String key = row.key();
        if (key != null) {
            headers.add(header("ce_subject", key));
        }
        headers.add(contentType);
        String traceparent = row.traceparent();
        if (traceparent != null) {
            headers.add(header("traceparent", traceparent));
        }
        Long sequence = row.sequence();
        if (sequence != null) {
            headers.add(header("ce_sequence", sequence(sequence)));
        }
        String previousId = row.previousId();
        if (previousId != null) {
            headers.add(header("ce_previousid", previousId));
        }
        return headers;
    }

    // CloudEvents' sequence extension requires text that sorts like the numbers.
    private static String sequence(long number) {
        String digits = Long.toString(number);
        return "0".repeat(Math.max(0, SEQUENCE_DIGITS - digits.length())) + digits;
    }

    private static byte @Nullable [] payload(@Nullable ByteBuffer value) {
        if (value == null) {
            return null;
        }
        byte[] copy = new byte[value.remaining()];
        value.duplicate().get(copy);
        return copy;
    }

    private static Header header(String name, String value) {
        return new RecordHeader(name, bytes(value));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
