package dev.lockstep.audit;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one service has buried or put aside. */
final class LettersStore {
    private static final String OPEN = """
            SELECT id::text, topic, partition, "offset", key_text, reason, left(error, 200) AS error
              FROM dead_letter
             WHERE state = 'open'
             ORDER BY id
            """;

    private static final String PARKED = """
            SELECT topic, partition, "offset", convert_from(record_key, 'UTF8') AS key_text, attempts, left(error, 200) AS error,
                   first_at
              FROM parked_message
             ORDER BY consumer, topic, partition, "offset"
            """;

    /** A dead letter that nobody has settled. */
    record DeadLetter(
            String id,
            String position,
            String topic,
            @Nullable String key,
            String reason,
            String error) {}

    /** A message that waits for another attempt, or behind one that does. */
    record Parked(String position, String topic, @Nullable String key, int attempts, String error, long since) {}

    private LettersStore() {}

    static Sorted<DeadLetter> open(SnapshotStore database) {
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

    static List<Parked> parked(SnapshotStore database) {
        return database.list(
                PARKED,
                row -> new Parked(
                        row.getString("topic") + "/" + row.getInt("partition") + "@" + row.getLong("offset"),
                        row.getString("topic"),
                        row.getString("key_text"),
                        row.getInt("attempts"),
                        String.valueOf(row.getString("error")),
                        row.getTimestamp("first_at").getTime()));
    }
}
