package dev.lockstep.relay;

import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;

/**
 * The objects that the successive tasks of one relay share.
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

    /** Creates a view of the held rows, which reads them from the database before the first send. */
    HeldRows newHeldRows() {
        return new HeldRows(database, health, config.bootstrapServers());
    }
}
