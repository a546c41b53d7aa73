package dev.lockstep.messaging;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;

/** Remembers which messages a consumer has applied. Every method runs on the caller's connection: the caller owns the transaction. */
public final class Inbox {
    // In the order of their ids, so that two transactions that claim the same ones wait for each other instead of
    // deadlocking.
    private static final String CLAIM = """
            INSERT INTO inbox (message_id, consumer)
            SELECT DISTINCT id, $1 FROM unnest($2::uuid[]) AS id ORDER BY id
            ON CONFLICT DO NOTHING
            RETURNING message_id
            """;

    private static final String RELEASE = "DELETE FROM inbox WHERE message_id = $1 AND consumer = $2";

    /**
     * Claims the ids in one statement.
     *
     * @param ids UUIDv7s within the retention; an id whose day has no partition fails the statement
     * @return completes with those that were not claimed before; a claim is undone by a rollback
     */
    public Future<Set<UUID>> claim(SqlClient tx, String consumer, Collection<UUID> ids) {
        if (ids.isEmpty()) {
            return Future.succeededFuture(Set.of());
        }
        return tx.preparedQuery(CLAIM)
                .execute(Tuple.tuple().addValue(consumer).addValue(ids.toArray(UUID[]::new)))
                .map(rows -> {
                    Set<UUID> claimed = HashSet.newHashSet(rows.size());
                    rows.forEach(row -> claimed.add(row.getUUID(0)));
                    return claimed;
                });
    }

    /** Gives a claim back, so that the message may be delivered once more. */
    Future<Void> release(SqlClient tx, String consumer, UUID id) {
        return tx.preparedQuery(RELEASE).execute(Tuple.of(id, consumer)).mapEmpty();
    }
}
