package dev.lockstep.audit;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Comparator;
import java.util.UUID;

/**
 * A record on Kafka that says it is a row of a service's outbox.
 *
 * @param id what its {@code ce_id} says
 * @param digest stands for key and value
 * @param mayBeReplay whether a dead letter's replay says the very same, so that it may be that
 * @param sequence its number among those of its key, or {@link #NO_SEQUENCE}
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
        public void write(ObservedRecord sighting, DataOutputStream out) throws IOException {
            out.writeLong(sighting.id.getMostSignificantBits());
            out.writeLong(sighting.id.getLeastSignificantBits());
            out.writeUTF(sighting.topic);
            out.writeInt(sighting.partition);
            out.writeLong(sighting.offset);
            out.writeLong(sighting.digest);
            out.writeBoolean(sighting.mayBeReplay);
            out.writeLong(sighting.sequence);
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
