package dev.lockstep.relay;

import java.nio.ByteBuffer;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.zip.CRC32C;
import org.apache.kafka.connect.data.Struct;
import org.jspecify.annotations.Nullable;

/**
 * The columns of an outbox row that Kafka needs.
 *
 * @param key the record's key, within which order is kept
 * @param headers all headers of the record as JSON, or null for the default ones
 * @param sequence its number among the messages of its topic and key, or null if it is not numbered
 * @param previousId the id of the preceding message, or null if there is none
 * @param resendOf the id of the message that this row sends again, or null
 * @param committed the commit time; an approximation if the row was read from the table
 * @param transaction the lower 32 bits of the id of the transaction that wrote it, or null if it was read from the table
 */
record OutboxRow(
        String id,
        @Nullable String key,
        String type,
        @Nullable ByteBuffer payload,
        String topic,
        @Nullable String traceparent,
        @Nullable String headers,
        @Nullable Long sequence,
        @Nullable String previousId,
        @Nullable String resendOf,
        Instant committed,
        @Nullable Long transaction) {
    /** The columns that {@link #stored} reads. */
    static final String COLUMNS = "id, aggregateid, type, payload, topic, traceparent, headers, sequence, previous_id,"
            + " resend_of, created_at";

    /** A row that came through the slot. */
    static OutboxRow captured(Struct row, Instant committed, int transaction) {
        return new OutboxRow(
                row.getString("id"),
                row.getString("aggregateid"),
                row.getString("type"),
                bytes(row.get("payload")),
                row.getString("topic"),
                row.getString("traceparent"),
                row.getString("headers"),
                (Long) optional(row, "sequence"),
                (String) optional(row, "previous_id"),
                (String) optional(row, "resend_of"),
                committed,
                Integer.toUnsignedLong(transaction));
    }

    /** A row that was read from the table. */
    static OutboxRow stored(ResultSet row) throws SQLException {
        return new OutboxRow(
                row.getString("id"),
                row.getString("aggregateid"),
                row.getString("type"),
                bytes(row.getBytes("payload")),
                row.getString("topic"),
                row.getString("traceparent"),
                row.getString("headers"),
                row.getObject("sequence", Long.class),
                row.getString("previous_id"),
                row.getString("resend_of"),
                row.getTimestamp("created_at").toInstant(),
                null);
    }

    // Rows that were written before a column was added to the publication are decoded without it.
    private static @Nullable Object optional(Struct row, String column) {
        return row.schema().field(column) == null ? null : row.get(column);
    }

    /** As computed by Postgres's {@code crc32c}; 0 for a null payload, which a sum in Postgres ignores. */
    long payloadCrc() {
        if (payload == null) {
            return 0;
        }
        CRC32C crc = new CRC32C();
        crc.update(payload.duplicate());
        return crc.getValue();
    }

    /** The id by which consumers know the message. */
    String messageId() {
        return resendOf == null ? id : resendOf;
    }

    private static @Nullable ByteBuffer bytes(@Nullable Object value) {
        return switch (value) {
            case null -> null;
            case ByteBuffer buffer -> buffer;
            case byte[] bytes -> ByteBuffer.wrap(bytes);
            default -> throw new IllegalStateException("column payload has an unexpected type: " + value.getClass());
        };
    }
}
