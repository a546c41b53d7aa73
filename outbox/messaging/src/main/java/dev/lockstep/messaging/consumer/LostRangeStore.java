package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.consumer.PartitionStart.LostRange;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;

/** Keeps which records were removed before a consumer had read them. Every method runs on the caller's connection. */
final class LostRangeStore {
    private static final String ADD = """
            INSERT INTO lost_range (consumer, topic, partition, topic_id, from_offset, to_offset, cause, since)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """;

    // So that a message whose predecessor was among the removed ones waits for it, though the partition was never read.
    private static final String ENSURE_ATTEMPT_ROW = """
            INSERT INTO delivery_attempt (consumer, topic, partition, "offset", starts, complete_since)
            VALUES ($1, $2, $3, $4, 0, uuidv7_floor($5))
            ON CONFLICT (consumer, topic, partition) DO NOTHING
            """;

    // Messages that were sent again for an earlier loss are older than the newest one applied, and may be lost as well.
    private static final String SINCE = """
            SELECT least($3, min(since))
              FROM lost_range
             WHERE consumer = $1 AND topic = $2 AND id >= uuidv7_floor(now() - interval '1 hour')
            """;

    private static final String RECENT = """
            SELECT uuid_extract_timestamp(id) AS at, topic, partition, from_offset, to_offset, cause
              FROM lost_range
             WHERE consumer = $1 AND topic = ANY ($2) AND id >= uuidv7_floor(now() - make_interval(secs => $3))
             ORDER BY id DESC
             LIMIT 100
            """;

    private static final String NEW_ID = "SELECT uuidv7()";

    private final String consumer;

    LostRangeStore(String consumer) {
        this.consumer = consumer;
    }

    /** A range, and when its loss was noticed. */
    record DetectedLostRange(Instant at, TopicPartition partition, LostRange lost) {}

    /** Adds a range whose messages the senders are asked for since that time. */
    Future<Void> add(SqlClient tx, TopicPartition partition, String topicId, LostRange lost, Instant since) {
        return tx.preparedQuery(ADD)
                .execute(Tuple.tuple()
                        .addValue(consumer)
                        .addValue(partition.topic())
                        .addValue(partition.partition())
                        .addValue(topicId)
                        .addValue(lost.from())
                        .addValue(lost.to())
                        .addValue(lost.cause().name())
                        .addValue(since.atOffset(ZoneOffset.UTC)))
                .compose(added -> tx.preparedQuery(ENSURE_ATTEMPT_ROW)
                        .execute(Tuple.of(
                                consumer,
                                partition.topic(),
                                partition.partition(),
                                lost.from(),
                                since.atOffset(ZoneOffset.UTC))))
                .mapEmpty();
    }

    /** Completes with that time, or an earlier one that the senders were asked for within the last hour. */
    Future<Instant> earliestSince(SqlClient tx, String topic, Instant since) {
        return tx.preparedQuery(SINCE)
                .execute(Tuple.of(consumer, topic, since.atOffset(ZoneOffset.UTC)))
                .map(rows -> rows.iterator().next().getOffsetDateTime(0).toInstant());
    }

    /** Completes with the ranges of these topics that were noticed within that time, the newest first. */
    Future<List<DetectedLostRange>> recent(SqlClient client, List<String> topics, Duration within) {
        return client.preparedQuery(RECENT)
                .execute(Tuple.of(consumer, topics.toArray(String[]::new), within.toMillis() / 1000.0))
                .map(rows -> {
                    List<DetectedLostRange> recent = new ArrayList<>(rows.size());
                    rows.forEach(row -> recent.add(new DetectedLostRange(
                            row.getOffsetDateTime("at").toInstant(),
                            new TopicPartition(row.getString("topic"), row.getInteger("partition")),
                            new LostRange(
                                    PartitionStart.Cause.valueOf(row.getString("cause")),
                                    row.getLong("from_offset"),
                                    row.getLong("to_offset")))));
                    return recent;
                });
    }

    /** Completes with a new id, by the database's clock. */
    static Future<UUID> newId(SqlClient tx) {
        return tx.query(NEW_ID).execute().map(rows -> rows.iterator().next().getUUID(0));
    }
}
