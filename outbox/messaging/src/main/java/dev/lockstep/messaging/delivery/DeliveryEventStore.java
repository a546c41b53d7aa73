package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.http.PayloadVisibility;
import dev.lockstep.messaging.listing.ScanWindowStore;
import dev.lockstep.messaging.record.ErrorTexts;
import dev.lockstep.messaging.record.Headers;
import dev.lockstep.messaging.sql.ListQuery;
import dev.lockstep.messaging.sql.SqlValues;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Stores each step of a message's delivery after a failure, so that it can be queried later. Nothing is written while messages are handled
 * without failures.
 */
public final class DeliveryEventStore {
    private static final String ADD = """
            INSERT INTO delivery_incident (consumer, message_id, key, topic, partition, "offset", event, attempt, error)
            SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::text[], $5::integer[], $6::bigint[], $7::text[], $8::integer[],
                                     $9::text[])
            """;

    private static final String LIST = """
            SELECT id, uuid_extract_timestamp(id) AS at, consumer, message_id, key, topic, partition, "offset", event, attempt, error
              FROM delivery_incident
            """;

    private final String consumer;

    DeliveryEventStore(String consumer) {
        this.consumer = consumer;
    }

    /** The events in the delivery of a message, named as in {@code GET /delivery-incidents}. */
    enum DeliveryEventType {
        /** Handling the message failed; it is retried later. */
        PARKED,
        /** Another message of the same key is parked, and this one must not overtake it. */
        QUEUED,
        /** A further attempt failed. */
        FAILED_AGAIN,
        /** The preceding message has not arrived; this one waits for it. */
        GAP_SEEN,
        /** The sender was asked to resend the preceding message. */
        RESEND_REQUESTED,
        /** The parked message was handled. */
        HEALED,
        /** The message became a dead letter and will not be handled. */
        DEAD
    }

    /**
     * One event in the delivery of a message.
     *
     * @param attempt the number of attempts so far
     */
    record DeliveryEvent(
            ConsumerRecord<byte[], byte[]> source,
            UUID messageId,
            DeliveryEventType event,
            int attempt,
            @Nullable String error) {}

    /** A delivery event as the HTTP API shows it. */
    record DeliveryEventView(
            UUID id,
            Instant at,
            String consumer,
            UUID messageId,
            @Nullable String key,
            String topic,
            int partition,
            long offset,
            String event,
            int attempt,
            @Nullable String error) {
        DeliveryEventView with(PayloadVisibility visibility) {
            return error == null || visibility == PayloadVisibility.FULL
                    ? this
                    : new DeliveryEventView(
                            id,
                            at,
                            consumer,
                            messageId,
                            key,
                            topic,
                            partition,
                            offset,
                            event,
                            attempt,
                            ErrorTexts.masked(error));
        }
    }

    /** Stores the events on the caller's transaction. */
    Future<Void> add(SqlClient tx, List<DeliveryEvent> deliveryEvents) {
        if (deliveryEvents.isEmpty()) {
            return Future.succeededFuture();
        }
        int size = deliveryEvents.size();
        UUID[] messageIds = new UUID[size];
        @Nullable String[] keys = new @Nullable String[size];
        String[] topics = new String[size];
        Integer[] partitions = new Integer[size];
        Long[] offsets = new Long[size];
        String[] events = new String[size];
        Integer[] attempts = new Integer[size];
        @Nullable String[] errors = new @Nullable String[size];
        for (int i = 0; i < size; i++) {
            DeliveryEvent deliveryEvent = deliveryEvents.get(i);
            ConsumerRecord<byte[], byte[]> record = deliveryEvent.source();
            messageIds[i] = deliveryEvent.messageId();
            keys[i] = Headers.key(record);
            topics[i] = record.topic();
            partitions[i] = record.partition();
            offsets[i] = record.offset();
            events[i] = deliveryEvent.event().name();
            attempts[i] = deliveryEvent.attempt();
            errors[i] = deliveryEvent.error() == null ? null : Headers.toStorable(deliveryEvent.error());
        }
        return tx.preparedQuery(ADD)
                .execute(Tuple.tuple()
                        .addValue(consumer)
                        .addValue(messageIds)
                        .addValue(keys)
                        .addValue(topics)
                        .addValue(partitions)
                        .addValue(offsets)
                        .addValue(events)
                        .addValue(attempts)
                        .addValue(errors))
                .mapEmpty();
    }

    static Future<ScanWindowStore.ScanResult<DeliveryEventView>> list(
            SqlClient client, @Nullable String key, UUID before, int limit) {
        return ScanWindowStore.list(client, listQuery(key), before, limit, DeliveryEventStore::toView);
    }

    /** The query of {@link #list}. */
    public static ListQuery listQuery(@Nullable String key) {
        return new ListQuery(LIST, "delivery_incident").searchBy("key = ?", key);
    }

    private static DeliveryEventView toView(Row row) {
        return new DeliveryEventView(
                row.getUUID("id"),
                SqlValues.instant(row, "at"),
                row.getString("consumer"),
                row.getUUID("message_id"),
                row.getString("key"),
                row.getString("topic"),
                row.getInteger("partition"),
                row.getLong("offset"),
                row.getString("event"),
                row.getInteger("attempt"),
                row.getString("error"));
    }
}
