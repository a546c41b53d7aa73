package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.delivery.ParkedMessage.Position;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.util.Collection;
import java.util.List;

/**
 * Counts how often the retry of a parked message was started. The start is counted before the message is handled, because a message that
 * crashes the process leaves no other trace. With {@code synchronous_commit} off, a crash of Postgres can lose a count. Every method runs
 * on the caller's connection.
 */
public final class ParkedStartStore {
    // A transaction that has the row locked is retrying the message, and has counted the start.
    private static final String COUNT_START = """
            UPDATE parked_message p SET starts = CASE WHEN $6 THEN 1 ELSE p.starts + 1 END
              FROM (SELECT id
                      FROM parked_message, (SELECT set_config('synchronous_commit', 'off', true)) AS relaxed
                     WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = $4 AND message_id = $5
                       FOR UPDATE OF parked_message SKIP LOCKED) free
             WHERE p.id = free.id
            RETURNING p.starts
            """;

    // As in ParkedMessageStore.LOCK, the subquery that locks rows makes each message an index lookup. The running total
    // of the values' sizes limits how much the consumer holds in memory at once.
    public static final String COUNT_FIRST_STARTS = """
            WITH free AS (
                SELECT p.id, at.position, octet_length(p.record_value) AS bytes
                  FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::uuid[])
                       WITH ORDINALITY AS at (topic, partition, "offset", message_id, position),
                       LATERAL (SELECT m.id, m.record_value
                                  FROM parked_message m
                                 WHERE m.consumer = $1 AND m.topic = at.topic AND m.partition = at.partition
                                   AND m."offset" = at."offset" AND m.message_id = at.message_id AND m.starts = 0
                                   FOR UPDATE SKIP LOCKED) p,
                       (SELECT set_config('synchronous_commit', 'off', true)) AS relaxed
            ), fitting AS (
                SELECT id FROM (SELECT id, sum(bytes) OVER (ORDER BY position) AS total FROM free) AS totals
                 WHERE total IS NULL OR total <= $6
            )
            UPDATE parked_message p SET starts = 1
             WHERE p.id = ANY (ARRAY(SELECT id FROM fitting))
            RETURNING p.topic, p.partition, p."offset", p.message_id
            """;

    private final String consumer;

    public ParkedStartStore(String consumer) {
        this.consumer = consumer;
    }

    /**
     * Counts a retry before it is started.
     *
     * @param survived whether this process survived all counted starts; the count then begins again at 1
     * @return completes with the count; 0 if the message is gone or locked by another transaction
     */
    Future<Integer> countStart(SqlClient client, Position position, boolean survived) {
        return client.preparedQuery(COUNT_START)
                .execute(position.parameters(consumer).addValue(survived))
                .map(rows -> rows.size() == 0 ? 0 : rows.iterator().next().getInteger(0));
    }

    /**
     * Counts a retry, before it is started, for each of the messages that has none.
     *
     * @param mostBytes the maximum total size of the messages' values
     * @return completes with the counted messages. A message is left out if it is gone, locked by another transaction, was started before,
     *     or exceeds the size together with those before it
     */
    Future<List<Position>> countFirstStarts(SqlClient client, Collection<Position> positions, long mostBytes) {
        return client.preparedQuery(COUNT_FIRST_STARTS)
                .execute(Position.parameters(consumer, positions).addValue(mostBytes))
                .map(Position::all);
    }
}
