package dev.lockstep.relay;

import java.util.Objects;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/** A record to be sent, and its result. Confined to the sending thread. */
final class OutgoingRecord {
    private static final Refusal TOPIC_NAME_TOO_LONG = new Refusal(
            Refusal.Scope.TOPIC,
            "InvalidTopicException: the topic name must have at most %d characters"
                    .formatted(OrderingKey.MAX_TOPIC_LENGTH));

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

    /** Creates the record of a row. A row that cannot be turned into a record counts as refused when its turn comes. */
    static OutgoingRecord row(OutboxRow row, OutboxRecords records) {
        String description = "row " + row.id();
        if (row.topic().length() > OrderingKey.MAX_TOPIC_LENGTH) {
            // A metadata request with this name could not even be serialized, and would fail for the other topics that
            // it asks for.
            return new OutgoingRecord(description, row.topic(), row, null, TOPIC_NAME_TOO_LONG);
        }
        try {
            return new OutgoingRecord(description, row.topic(), row, records.row(row), null);
        } catch (RelayException cause) {
            return new OutgoingRecord(
                    description,
                    row.topic(),
                    row,
                    null,
                    new Refusal(Refusal.Scope.RECORD, RelayException.reason(cause)));
        }
    }

    /** Creates the record of a heartbeat, which belongs to no row. */
    static OutgoingRecord heartbeat(Heartbeat beat, OutboxRecords records) {
        ProducerRecord<byte[], byte[]> record = records.heartbeat(beat);
        return new OutgoingRecord("heartbeat " + beat.number(), record.topic(), null, record, null);
    }

    /** Returns how messages refer to the record. */
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

    /** Returns null if no record can be created, see {@link #unsendable}. */
    @Nullable
    ProducerRecord<byte[], byte[]> record() {
        return record;
    }

    /** Returns why there is no record. Known without asking Kafka. */
    Refusal unsendable() {
        return Objects.requireNonNull(unsendable);
    }

    /** Records with the same ordering key keep their order. A relay's heartbeats have an ordering key of their own. */
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

    /** Returns why the record was refused or must wait; null if neither applies. */
    @Nullable
    Refusal refusal() {
        return refusal;
    }

    boolean isOpen() {
        return !acknowledged && refusal == null;
    }

    /**
     * Counts one more time that the record was dropped together with another one although the producer was not closed, and returns the
     * total.
     */
    int countCollateralFailure() {
        return ++collateralFailures;
    }
}
