package dev.lockstep.messaging.outbox;

import dev.lockstep.messaging.record.TraceContext;
import dev.lockstep.messaging.tracing.MessageTracing;
import dev.lockstep.messaging.tracing.MessageTracing.Sending;
import dev.lockstep.messaging.transaction.Transactions;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes messages in the caller's transaction. The relay sends them to Kafka; this class never accesses Kafka. */
public final class Outbox {
    // The statement generates the ids, in input order, because each row stores the id of the row before it. Only the
    // first row of each key looks up its predecessor in the table.
    private static final String APPEND = """
            WITH given AS MATERIALIZED (
                SELECT uuidv7() AS id, m.*
                  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::boolean[])
                       WITH ORDINALITY AS m (aggregatetype, aggregateid, type, topic, payload, traceparent, first, position)
            ), placed AS (
                SELECT *, row_number() OVER same_key AS nth, lag(id) OVER same_key AS previous_id
                  FROM given
                WINDOW same_key AS (PARTITION BY aggregateid, topic ORDER BY position)
            ), met AS MATERIALIZED (
                SELECT *, CASE WHEN nth = 1 AND NOT first THEN outbox_newest(topic, aggregateid) END AS newest
                  FROM placed
            )
            INSERT INTO outbox (id, aggregatetype, aggregateid, type, topic, payload, traceparent, sequence, previous_id)
            SELECT id, aggregatetype, aggregateid, type, topic, payload, traceparent,
                   first_value(coalesce((newest).sequence, 0)) OVER same_key + nth, coalesce(previous_id, (newest).id)
              FROM met
            WINDOW same_key AS (PARTITION BY aggregateid, topic ORDER BY position)
             ORDER BY position
            """;

    private final MessageTracing tracing;

    /** An outbox whose messages have no spans. */
    public Outbox() {
        this(MessageTracing.OFF);
    }

    /** @param tracing records a span for each message that has a trace context */
    public Outbox(MessageTracing tracing) {
        this.tracing = tracing;
    }

    /**
     * Appends all messages in one statement, in the order given. The caller owns the transaction: nothing is sent before it commits, and
     * nothing at all if it rolls back.
     *
     * <p>Messages of one topic and aggregate are numbered from 1, and each names the message before it, so that a reader notices when one
     * is missing. The numbering and the order require that an earlier statement of the transaction has locked the aggregate or created it.
     * Without that, two concurrent transactions for one aggregate would name the same predecessor. Numbering restarts at 1 when all earlier
     * messages of the key are past the outbox's retention.
     *
     * @return completes when the rows are written, not when they are durable; fails with the error of the statement
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
        Boolean[] firsts = new Boolean[size];
        Sending spans = tracing.sending();
        for (int i = 0; i < size; i++) {
            OutboxMessage message = messages.get(i);
            aggregateTypes[i] = message.aggregateType();
            aggregateIds[i] = message.aggregateId();
            types[i] = message.type();
            topics[i] = message.topic();
            payloads[i] = Buffer.buffer(message.payload());
            traceparents[i] = spans.begin(
                    message.topic(), message.type(), message.aggregateId(), TraceContext.orNull(message.traceparent()));
            firsts[i] = message.first();
        }
        Future<Void> written = tx.preparedQuery(APPEND)
                .execute(Tuple.tuple()
                        .addValue(aggregateTypes)
                        .addValue(aggregateIds)
                        .addValue(types)
                        .addValue(topics)
                        .addValue(payloads)
                        .addValue(traceparents)
                        .addValue(firsts))
                .mapEmpty();
        spans.endWith(Transactions.outcome(tx, written));
        return written;
    }
}
