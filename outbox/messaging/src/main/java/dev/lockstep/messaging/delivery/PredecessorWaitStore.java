package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.delivery.ParkedMessage.Position;
import dev.lockstep.messaging.sql.SqlValues;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.Collection;
import java.util.UUID;

/** Stores which predecessors parked messages wait for. Every method runs on the caller's connection: the caller owns the transaction. */
final class PredecessorWaitStore {
    private static final String WAIT_FOR = """
            UPDATE parked_message
               SET starts = 0, waits_for = $6, waits_since = now(), asked = 0, error = $7, next_attempt_at = now() + make_interval(secs => $8)
             WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = $4 AND message_id = $5
            """;

    private static final String WAIT_BEHIND = """
            UPDATE parked_message
               SET starts = 0, waits_for = $6, waits_since = coalesce(waits_since, now()),
                   next_attempt_at = now() + make_interval(secs => $7)
             WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = $4 AND message_id = $5
            """;

    private static final String RECORD_RESEND_REQUEST = """
            UPDATE parked_message SET starts = 0, asked = $6, next_attempt_at = now() + make_interval(secs => $7)
             WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = $4 AND message_id = $5
            """;

    private static final String MAKE_DUE = """
            UPDATE parked_message SET next_attempt_at = least(next_attempt_at, now())
             WHERE consumer = $1 AND waits_for = ANY ($2)
            """;

    private final String consumer;

    PredecessorWaitStore(String consumer) {
        this.consumer = consumer;
    }

    /** Makes the message wait for a missing one. */
    Future<Void> waitFor(SqlClient tx, Position position, UUID missing, String error, Duration delay) {
        return tx.preparedQuery(WAIT_FOR)
                .execute(position.parameters(consumer)
                        .addValue(missing)
                        .addValue(error)
                        .addValue(SqlValues.seconds(delay)))
                .mapEmpty();
    }

    /** Makes the message wait for one that has arrived and is parked itself. */
    Future<Void> waitBehind(SqlClient tx, Position position, UUID parked, Duration delay) {
        return tx.preparedQuery(WAIT_BEHIND)
                .execute(position.parameters(consumer).addValue(parked).addValue(SqlValues.seconds(delay)))
                .mapEmpty();
    }

    Future<Void> recordResendRequest(SqlClient tx, Position position, int asked, Duration delay) {
        return tx.preparedQuery(RECORD_RESEND_REQUEST)
                .execute(position.parameters(consumer).addValue(asked).addValue(SqlValues.seconds(delay)))
                .mapEmpty();
    }

    /** Makes the messages due that wait for one of these messages. */
    Future<Void> makeDue(SqlClient tx, Collection<UUID> arrived) {
        return tx.preparedQuery(MAKE_DUE)
                .execute(Tuple.tuple().addValue(consumer).addValue(arrived.toArray(UUID[]::new)))
                .mapEmpty();
    }
}
