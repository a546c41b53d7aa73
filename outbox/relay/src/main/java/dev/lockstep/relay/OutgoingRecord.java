package dev.lockstep.relay;

import java.util.Objects;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/** A record that is to be sent, and what has become of it. For the thread that sends it alone. */
final class OutgoingRecord {
    private static final Refusal TOPIC_NAME_TOO_LONG = new Refusal(
            Refusal.Scope.TOPIC,
            "InvalidTopicException: a topic's name has up to %d characters".formatted(OrderingKey.MAX_TOPIC_LENGTH));

    private final String description;
    private final String topic;
    private final @Nullable OutboxRow row;
    private final @Nullable ProducerRecord<byte[], byte[]> record;
    private final @Nullable Refusal unsendable;
    private @Nullable Refusal refusal;
    private boolean acknowledged;
    private int collateralFailures;

    private OutgoingRecord(
            String description,
            String topic,
            @Nullable OutboxRow row,
            @Nullable ProducerRecord<byte[], byte[]> record,
            @Nullable Refusal unsendable) {
        this.description = description;
        this.topic = topic;
        this.row = row;
        this.record = record;
        this.unsendable = unsendable;
    }

    /** A row. One of which no record can be made counts as refused when its turn comes. */
    static OutgoingRecord row(OutboxRow row, OutboxRecords records) {
        String what = "row " + row.id();
        if (row.topic().length() > OrderingKey.MAX_TOPIC_LENGTH) {
            // The request that asks for it could not even be written, and takes those for other topics with it.
            return new OutgoingRecord(what, row.topic(), row, null, TOPIC_NAME_TOO_LONG);
        }
        try {
            return new OutgoingRecord(what, row.topic(), row, records.row(row), null);
        } catch (RelayException cause) {
            return new OutgoingRecord(
                    what, row.topic(), row, null, new Refusal(Refusal.Scope.RECORD, RelayException.reason(cause)));
        }
    }

    /** A heartbeat, which belongs to no row. */
    static OutgoingRecord heartbeat(Heartbeat beat, OutboxRecords records) {
        ProducerRecord<byte[], byte[]> record = records.heartbeat(beat);
        return new OutgoingRecord("heartbeat " + beat.number(), record.topic(), null, record, null);
    }

    /** What to call it in a message. */
    String description() {
        return description;
    }

    String topic() {
        return topic;
    }

    @Nullable
    OutboxRow row() {
        return row;
    }

    /** Null if none can be made, see {@link #unsendable}. */
    @Nullable
    ProducerRecord<byte[], byte[]> record() {
        return record;
    }

    /** Why there is no record, which nobody has to ask Kafka for. */
    Refusal unsendable() {
        return Objects.requireNonNull(unsendable);
    }

    /** Records of the same lane keep their order. Heartbeats of a relay have one of their own. */
    OrderingKey orderingKey() {
        return row == null ? new OrderingKey(topic, 0) : OrderingKey.of(row);
    }

    void markAcknowledged() {
        acknowledged = true;
        refusal = null;
    }

    void markRefused(Refusal cause) {
        refusal = cause;
    }

    boolean isAcknowledged() {
        return acknowledged;
    }

    /** Why it was refused, or has to wait; null if it was not. */
    @Nullable
    Refusal refusal() {
        return refusal;
    }

    boolean isOpen() {
        return !acknowledged && refusal == null;
    }

    /** How often it was given up together with another record although nothing was wrong with the producer. */
    int countCollateralFailure() {
        return ++collateralFailures;
    }
}
