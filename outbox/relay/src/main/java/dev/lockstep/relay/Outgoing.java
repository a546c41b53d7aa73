package dev.lockstep.relay;

import java.util.Objects;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/** A record that is to be sent, and what has become of it. For the thread that sends it alone. */
final class Outgoing {
    private static final Refusal TOO_LONG = new Refusal(
            Refusal.Scope.TOPIC,
            "InvalidTopicException: a topic's name has up to %d characters".formatted(Lane.LONGEST_NAME));

    private final String what;
    private final String topic;
    private final @Nullable OutboxRow row;
    private final @Nullable ProducerRecord<byte[], byte[]> record;
    private final @Nullable Refusal unsendable;
    private @Nullable Refusal refusal;
    private boolean acknowledged;
    private int givenUp;

    private Outgoing(
            String what,
            String topic,
            @Nullable OutboxRow row,
            @Nullable ProducerRecord<byte[], byte[]> record,
            @Nullable Refusal unsendable) {
        this.what = what;
        this.topic = topic;
        this.row = row;
        this.record = record;
        this.unsendable = unsendable;
    }

    /** A row. One of which no record can be made counts as refused when its turn comes. */
    static Outgoing row(OutboxRow row, OutboxRecords records) {
        String what = "row " + row.id();
        if (row.topic().length() > Lane.LONGEST_NAME) {
            // The request that asks for it could not even be written, and takes those for other topics with it.
            return new Outgoing(what, row.topic(), row, null, TOO_LONG);
        }
        try {
            return new Outgoing(what, row.topic(), row, records.row(row), null);
        } catch (RelayException cause) {
            return new Outgoing(
                    what, row.topic(), row, null, new Refusal(Refusal.Scope.RECORD, RelayException.reason(cause)));
        }
    }

    /** A heartbeat, which belongs to no row. */
    static Outgoing heartbeat(Beat beat, OutboxRecords records) {
        ProducerRecord<byte[], byte[]> record = records.heartbeat(beat);
        return new Outgoing("heartbeat " + beat.number(), record.topic(), null, record, null);
    }

    /** What to call it in a message. */
    String what() {
        return what;
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
    Lane lane() {
        return row == null ? new Lane(topic, 0) : Lane.of(row);
    }

    void acknowledged() {
        acknowledged = true;
        refusal = null;
    }

    void refused(Refusal cause) {
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
    int countGivenUp() {
        return ++givenUp;
    }
}
