package dev.lockstep.relay;

import java.nio.ByteBuffer;
import java.time.Instant;
import org.apache.kafka.connect.data.Struct;
import org.jspecify.annotations.Nullable;

/**
 * One row of the outbox, as far as Kafka is concerned.
 *
 * @param key the record's key, and so what order is kept by
 * @param headers all headers of the record as JSON, or null for the usual ones
 * @param committed when the row was committed, as near as its reader knows
 */
record OutboxRow(
        String id,
        @Nullable String key,
        String type,
        @Nullable ByteBuffer payload,
        String topic,
        @Nullable String traceparent,
        @Nullable String headers,
        Instant committed) {
    static OutboxRow captured(Struct row, Instant committed) {
        return new OutboxRow(
                row.getString("id"),
                row.getString("aggregateid"),
                row.getString("type"),
                bytes(row.get("payload")),
                row.getString("topic"),
                row.getString("traceparent"),
                row.getString("headers"),
                committed);
    }

    private static @Nullable ByteBuffer bytes(@Nullable Object value) {
        return switch (value) {
            case null -> null;
            case ByteBuffer buffer -> buffer;
            case byte[] bytes -> ByteBuffer.wrap(bytes);
            default -> throw new IllegalStateException("payload is a " + value.getClass());
        };
    }
}
