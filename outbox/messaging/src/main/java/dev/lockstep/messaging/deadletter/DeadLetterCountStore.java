package dev.lockstep.messaging.deadletter;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import dev.lockstep.messaging.listing.Listing;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.util.List;

/** Counts open dead letters for metrics. */
public final class DeadLetterCountStore {
    // Skips from one reason to the next by the index. Each count stops at a limit beyond which a chart shows no
    // difference.
    public static final String COUNT_BY_REASON = """
            WITH RECURSIVE present (topic, reason) AS (
                (SELECT topic, reason FROM dead_letter WHERE state = 'open' ORDER BY topic, reason LIMIT 1)
                UNION ALL
                SELECT n.topic, n.reason
                  FROM present p
                 CROSS JOIN LATERAL (SELECT topic, reason FROM dead_letter
                                      WHERE state = 'open' AND (topic, reason) > (p.topic, p.reason)
                                      ORDER BY topic, reason LIMIT 1) n
            )
            SELECT p.topic, p.reason,
                   (SELECT count(*) FROM (SELECT FROM dead_letter c
                                           WHERE c.state = 'open' AND c.topic = p.topic AND c.reason = p.reason LIMIT $1) counted)
              FROM present p
            """;

    private DeadLetterCountStore() {}

    /** The number of open dead letters of a topic with one reason, counted up to 100,000. */
    public record Count(String topic, String reason, long count) {}

    public static Future<List<Count>> countByReason(SqlClient client) {
        return client.preparedQuery(COUNT_BY_REASON)
                .collecting(mapping(row -> new Count(row.getString(0), row.getString(1), row.getLong(2)), toList()))
                .execute(Tuple.of(Listing.MAX_COUNTED))
                .map(SqlResult::value);
    }
}
