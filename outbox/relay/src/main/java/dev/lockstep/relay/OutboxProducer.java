package dev.lockstep.relay;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The Kafka producer's settings: defaults that can be changed, and fixed values that order and durability depend on. */
final class OutboxProducer {
    private static final String MAX_BLOCK_MS = "1000";

    private OutboxProducer() {}

    static Producer<byte[], byte[]> create(RelayConfig config) {
        return new KafkaProducer<>(settings(config), new ByteArraySerializer(), new ByteArraySerializer());
    }

    static Map<String, Object> settings(RelayConfig config) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("client.id", "relay-" + config.slotName());
        settings.put("linger.ms", "0");
        settings.put("batch.size", "262144");
        settings.put("max.request.size", "4194304");
        settings.put("buffer.memory", "67108864");
        settings.put("max.block.ms", MAX_BLOCK_MS);
        settings.put("reconnect.backoff.max.ms", "1000");
        settings.putAll(config.producer());
        // Rows of other topics wait this long behind a row whose topic has no metadata.
        settings.computeIfPresent("max.block.ms", (name, value) -> shorter(value.toString()));
        settings.put("acks", "all");
        settings.put("enable.idempotence", "true");
        // With more than one, the batch behind a refused one overtakes it: the broker accepts a gap in the sequence
        // numbers of a producer that it does not know.
        settings.put("max.in.flight.requests.per.connection", "1");
        settings.put("retries", Integer.toString(Integer.MAX_VALUE));
        // A batch that expires bumps the producer's epoch, and a later row of the same key could then overtake it.
        settings.put("delivery.timeout.ms", Integer.toString(Integer.MAX_VALUE));
        settings.keySet().removeAll(Set.of("key.serializer", "value.serializer", "transactional.id"));
        return settings;
    }

    // Compares digits, not numbers: an invalid value is passed on, and the producer rejects it with its own message.
    private static String shorter(String millis) {
        return millis.length() < MAX_BLOCK_MS.length() ? millis : MAX_BLOCK_MS;
    }
}
