package dev.lockstep.messaging;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes messages into the caller's transaction. The relay sends them to Kafka; this class never talks to it. */
public final class Outbox {
    private static final String APPEND = """
            INSERT INTO outbox (aggregatetype, aggregateid, type, topic, payload, traceparent)
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[])
            """;

    /**
     * Appends all messages in one statement, in the order given. The caller owns the transaction: nothing is sent before it
     * commits, and nothing at all if it rolls back.
     *
     * @return completes when the rows are written, not when they are durable; it fails as the statement does
     */
    public Future<Void> append(SqlClient tx, List<OutboxMessage> messages) {
        if (messages.isEmpty()) {
            return Future.succeededFuture();
        }
        int size = messages.size();
        String[] aggregateTypes = new String[size];
        String[] aggregateIds = new String[size];
        String[] types = new String[size];
        String[] topics = new String[size];
        Buffer[] payloads = new Buffer[size];
        @Nullable String[] traceparents = new @Nullable String[size];
        for (int i = 0; i < size; i++) {
            OutboxMessage message = messages.get(i);
            aggregateTypes[i] = message.aggregateType();
            aggregateIds[i] = message.aggregateId();
            types[i] = message.type();
            topics[i] = message.topic();
            payloads[i] = Buffer.buffer(message.payload());
            traceparents[i] = message.traceparent();
        }
        return tx.preparedQuery(APPEND)
                .execute(Tuple.tuple()
                        .addValue(aggregateTypes)
                        .addValue(aggregateIds)
                        .addValue(types)
                        .addValue(topics)
                        .addValue(payloads)
                        .addValue(traceparents))
                .mapEmpty();
    }
}
