package dev.lockstep.order.violations;

import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A deliberate violation. */
public final class ShellOpeningKafkaProducer {
    public void open() {
        new KafkaProducer<>(Map.of(), new ByteArraySerializer(), new ByteArraySerializer()).close();
    }
}
