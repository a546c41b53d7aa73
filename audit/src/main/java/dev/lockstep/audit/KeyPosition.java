package dev.lockstep.audit;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Comparator;
import java.util.UUID;

/**
 * The first position of an outbox row on Kafka.
 *
 * @param sequence the row's number within its topic and key, or {@link ObservedRecord#NO_SEQUENCE}
 * @param recordSequence the number in the record's {@code ce_sequence} header
 */
record KeyPosition(String topic, String key, long sequence, UUID id, int partition, long offset, long recordSequence) {
    /** Orders the rows of each key by commit. */
    static final Comparator<KeyPosition> COMMIT_ORDER = Comparator.comparing(KeyPosition::topic)
            .thenComparing(KeyPosition::key)
            .thenComparingLong(KeyPosition::sequence)
            .thenComparing(KeyPosition::id, Ids.UUID_ORDER);

    static final ExternalSort.Format<KeyPosition> FORMAT = new ExternalSort.Format<>() {
        @Override
        public void write(KeyPosition position, DataOutputStream out) throws IOException {
            out.writeUTF(position.topic);
            out.writeUTF(position.key);
            out.writeLong(position.sequence);
            out.writeLong(position.id.getMostSignificantBits());
            out.writeLong(position.id.getLeastSignificantBits());
            out.writeInt(position.partition);
            out.writeLong(position.offset);
            out.writeLong(position.recordSequence);
        }

        @Override
        public KeyPosition read(DataInputStream in) throws IOException {
            return new KeyPosition(
                    in.readUTF().intern(),
                    in.readUTF(),
                    in.readLong(),
                    new UUID(in.readLong(), in.readLong()),
                    in.readInt(),
                    in.readLong(),
                    in.readLong());
        }
    };

    String position() {
        return topic + "/" + partition + "@" + offset;
    }
}
