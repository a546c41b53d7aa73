package dev.lockstep.audit;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The open dead letters and parked messages of one service. */
final class DeadLetterStore {
    private static final String OPEN = """
            SELECT id::text, topic, partition, "offset", key_text, reason, left(error, 200) AS error
              FROM dead_letter
             WHERE state = 'open'
             ORDER BY id
            """;

    private static final String PARKED = """
            SELECT topic, partition, "offset", record_key, attempts, left(error, 200) AS error,
                   first_at
              FROM parked_message
             ORDER BY consumer, topic, partition, "offset"
            """;

    /** A dead letter that no operator has resolved. */
    record DeadLetter(
            String id,
            String position,
            String topic,
            @Nullable String key,
            String reason,
            String error) {}

    /** A message that waits for another attempt, or behind a message that does. */
    record ParkedMessage(
            String position, String topic, @Nullable String key, int attempts, String error, long since) {}

    private DeadLetterStore() {}

    static SortedStream<DeadLetter> openDeadLetters(SnapshotStore database) {
        return database.stream(
                OPEN,
                row -> new DeadLetter(
                        row.getString("id"),
                        row.getString("topic") + "/" + row.getInt("partition") + "@" + row.getLong("offset"),
                        row.getString("topic"),
                        row.getString("key_text"),
                        row.getString("reason"),
                        row.getString("error")));
    }

    static List<ParkedMessage> parkedMessages(SnapshotStore database) {
        return database.list(
                PARKED,
                row -> new ParkedMessage(
                        row.getString("topic") + "/" + row.getInt("partition") + "@" + row.getLong("offset"),
                        row.getString("topic"),
                        keyText(row.getBytes("record_key")),
                        row.getInt("attempts"),
                        String.valueOf(row.getString("error")),
                        row.getTimestamp("first_at").getTime()));
    }

    // Kafka accepts keys that are not valid text. If the query converted such a key to text, Postgres would fail the
    // whole statement.
    private static @Nullable String keyText(byte @Nullable [] key) {
        if (key == null) {
            return null;
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(key))
                    .toString();
        } catch (CharacterCodingException binary) {
            return "0x" + HexFormat.of().formatHex(key);
        }
    }
}
