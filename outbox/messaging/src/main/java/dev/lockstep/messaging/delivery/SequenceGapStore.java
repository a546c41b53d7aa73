package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.outbox.ResendRequested;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** Finds messages that have arrived without their predecessor. Runs on the caller's connection: the caller owns the transaction. */
final class SequenceGapStore {
    // Subqueries make each check an index lookup, whatever sizes the planner assumes. A message that was a dead letter
    // itself is not checked again, because later messages of its key did not wait for it.
    private static final String WITHOUT_PREDECESSOR = """
            SELECT m.id
              FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::integer[]) AS m (id, previous, topic, partition)
             WHERE (SELECT true FROM inbox i WHERE i.message_id = m.previous AND i.consumer = $1) IS NULL
               AND (SELECT m.previous >= a.complete_since
                      FROM delivery_attempt a
                     WHERE a.consumer = $1 AND a.topic = m.topic AND a.partition = m.partition)
               AND (SELECT true FROM dead_letter d
                     WHERE d.consumer = $1 AND d.message_id IN (m.previous, m.id) LIMIT 1) IS NULL
            """;

    private static final String IS_REQUEST_PENDING = """
            SELECT EXISTS (SELECT FROM outbox o, outbox_watermark w
                            WHERE o.aggregateid = $1 AND o.topic = $2
                              AND (NOT pg_visible_in_snapshot(o.xid, w.snapshot)
                                   OR (SELECT true FROM outbox_held h WHERE h.id = o.id)))
            """;

    private final String consumer;

    SequenceGapStore(String consumer) {
        this.consumer = consumer;
    }

    /**
     * Finds the messages whose predecessor this consumer should have received and has not. Claims of this transaction count as received.
     *
     * @return completes with their ids. A message is left out if its predecessor is a dead letter, is past the inbox's retention, or is
     *     from before the consumer first read the partition
     */
    Future<Set<UUID>> findWithoutPredecessor(SqlClient tx, List<? extends DecodedRecord<?>> messages) {
        List<? extends DecodedRecord<?>> following = messages.stream()
                .filter(message -> message.previousId() != null)
                .toList();
        if (following.isEmpty()) {
            return Future.succeededFuture(Set.of());
        }
        int size = following.size();
        UUID[] ids = new UUID[size];
        @Nullable UUID[] previous = new @Nullable UUID[size];
        String[] topics = new String[size];
        Integer[] partitions = new Integer[size];
        for (int i = 0; i < size; i++) {
            DecodedRecord<?> message = following.get(i);
            ids[i] = message.messageId();
            previous[i] = message.previousId();
            topics[i] = message.source().topic();
            partitions[i] = message.source().partition();
        }
        return tx.preparedQuery(WITHOUT_PREDECESSOR)
                .execute(Tuple.tuple()
                        .addValue(consumer)
                        .addValue(ids)
                        .addValue(previous)
                        .addValue(topics)
                        .addValue(partitions))
                .map(rows -> {
                    Set<UUID> missing = HashSet.newHashSet(rows.size());
                    rows.forEach(row -> missing.add(row.getUUID(0)));
                    return missing;
                });
    }

    /** Completes with whether a request to resend the message before this one is in the outbox and not yet published to Kafka. */
    Future<Boolean> isRequestPending(SqlClient tx, ConsumerRecord<byte[], byte[]> record, UUID previous) {
        return tx.preparedQuery(IS_REQUEST_PENDING)
                .execute(Tuple.of(ResendRequested.aggregateId(record, previous), ResendRequested.TOPIC))
                .map(rows -> rows.iterator().next().getBoolean(0));
    }
}
