package dev.lockstep.audit;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Comparator;
import java.util.UUID;

/**
 * A record on Kafka whose headers name a row of a service's outbox.
 *
 * @param id the value of its {@code ce_id}
 * @param digest digest of key and value
 * @param mayBeReplay whether the replay of a dead letter has the same content, so that the record may be that replay
 * @param sequence its number within its key, or {@link #NO_SEQUENCE}
 */
record ObservedRecord(
        UUID id, String topic, int partition, long offset, long digest, boolean mayBeReplay, long sequence) {
    static final long NO_SEQUENCE = -1;

    static final Comparator<ObservedRecord> BY_ID = Comparator.comparing(ObservedRecord::id, Ids.UUID_ORDER)
            .thenComparing(ObservedRecord::topic)
            .thenComparingInt(ObservedRecord::partition)
            .thenComparingLong(ObservedRecord::offset);

    static final ExternalSort.Format<ObservedRecord> FORMAT = new ExternalSort.Format<>() {
        @Override
        public void write(ObservedRecord record, DataOutputStream out) throws IOException {
            out.writeLong(record.id.getMostSignificantBits());
            out.writeLong(record.id.getLeastSignificantBits());
            out.writeUTF(record.topic);
            out.writeInt(record.partition);
            out.writeLong(record.offset);
            out.writeLong(record.digest);
            out.writeBoolean(record.mayBeReplay);
            out.writeLong(record.sequence);
        }

        @Override
        public ObservedRecord read(DataInputStream in) throws IOException {
            return new ObservedRecord(
                    new UUID(in.readLong(), in.readLong()),
                    in.readUTF().intern(),
                    in.readInt(),
                    in.readLong(),
                    in.readLong(),
                    in.readBoolean(),
                    in.readLong());
        }
    };

    String position() {
        return topic + "/" + partition + "@" + offset;
    }
}
