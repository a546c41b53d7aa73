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
 * @param content stands for key and value
 * @param sentAgain whether a dead letter's replay says the very same, so that it may be that
 * @param sequence its number among those of its key, or {@link #UNNUMBERED}
 */
record Sighting(UUID id, String topic, int partition, long offset, long content, boolean sentAgain, long sequence) {
    static final long UNNUMBERED = -1;

    static final Comparator<Sighting> BY_ID = Comparator.comparing(Sighting::id, Ids.ORDER)
            .thenComparing(Sighting::topic)
            .thenComparingInt(Sighting::partition)
            .thenComparingLong(Sighting::offset);

    static final ExternalSort.Format<Sighting> FORMAT = new ExternalSort.Format<>() {
        @Override
        public void write(Sighting sighting, DataOutputStream out) throws IOException {
            out.writeLong(sighting.id.getMostSignificantBits());
            out.writeLong(sighting.id.getLeastSignificantBits());
            out.writeUTF(sighting.topic);
            out.writeInt(sighting.partition);
            out.writeLong(sighting.offset);
            out.writeLong(sighting.content);
            out.writeBoolean(sighting.sentAgain);
            out.writeLong(sighting.sequence);
        }

        @Override
        public Sighting read(DataInputStream in) throws IOException {
            return new Sighting(
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
