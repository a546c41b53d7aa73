package dev.lockstep.relay;

import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;

/**
 * What the successive tasks of one relay share.
 *
 * @param producers creates a producer, which its user closes
 */
record RelayContext(
        RelayConfig config,
        RelayDatabase database,
        SlotProvisioner slotProvisioner,
        WatermarkStore watermark,
        Supplier<Producer<byte[], byte[]>> producers,
        RelayHealth health,
        RelayMetrics metrics) {
    /** Creates a sender with a producer of its own. The caller closes it. */
    KafkaSender newSender(TopicProbe probe) {
        return new KafkaSender(producers, config.bootstrapServers(), probe, health);
    }

    /** Creates the held rows as the database and this relay know them. */
    HeldRows newHeldRows() {
        return new HeldRows(database, health, config.bootstrapServers());
    }
}
