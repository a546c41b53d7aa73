package dev.lockstep.order.violations;

import dev.lockstep.messaging.record.MessageIds;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A deliberate violation. */
public final class ShellThatUsesInternals {
    public UUID id(ConsumerRecord<byte[], byte[]> record) {
        return MessageIds.identity(record);
    }
}
