package dev.lockstep.messaging.delivery;

import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * A message that waits for another attempt.
 *
 * @param predecessorWait the wait for its predecessor, or null if it does not wait for one
 * @param deadLetter the dead letter that this message redelivers, if it is a redelivery
 */
record ParkedMessage(
        ConsumerRecord<byte[], byte[]> source,
        UUID messageId,
        int attempts,
        Instant firstAt,
        @Nullable PredecessorWait predecessorWait,
        @Nullable UUID deadLetter) {
    Position position() {
        return new Position(source.topic(), source.partition(), source.offset(), messageId);
    }

    /** Returns the wait for this predecessor, or null if the message does not wait for it. */
    @Nullable
    PredecessorWait waitFor(UUID predecessor) {
        return predecessorWait != null && predecessorWait.predecessor().equals(predecessor) ? predecessorWait : null;
    }

    /**
     * A wait for a predecessor.
     *
     * @param waited how long the message has waited
     * @param resendRequests how often the sender was asked to resend the predecessor
     */
    record PredecessorWait(UUID predecessor, Duration waited, int resendRequests) {}

    /** The position of a record, and its message id: a recreated topic has other records at the same positions. */
    record Position(String topic, int partition, long offset, UUID messageId) {
        TopicPartition topicPartition() {
            return new TopicPartition(topic, partition);
        }

        static Position of(Row row) {
            return new Position(
                    row.getString("topic"),
                    row.getInteger("partition"),
                    row.getLong("offset"),
                    row.getUUID("message_id"));
        }

        static List<Position> all(RowSet<Row> rows) {
            List<Position> positions = new ArrayList<>(rows.size());
            rows.forEach(row -> positions.add(of(row)));
            return positions;
        }

        /** The parameters {@code $1} to {@code $5}: the consumer and this position. */
        Tuple parameters(String consumer) {
            return Tuple.tuple()
                    .addValue(consumer)
                    .addValue(topic)
                    .addValue(partition)
                    .addValue(offset)
                    .addValue(messageId);
        }

        /** The parameters {@code $1} to {@code $5}: the consumer, and an array for each member of the positions. */
        static Tuple parameters(String consumer, Collection<Position> positions) {
            return Tuple.tuple()
                    .addValue(consumer)
                    .addValue(positions.stream().map(Position::topic).toArray(String[]::new))
                    .addValue(positions.stream().map(Position::partition).toArray(Integer[]::new))
                    .addValue(positions.stream().map(Position::offset).toArray(Long[]::new))
                    .addValue(positions.stream().map(Position::messageId).toArray(UUID[]::new));
        }
    }

    /** The position of a parked message, and the time until it may be retried. */
    record ParkedPosition(Position position, Duration dueIn) {}
}
