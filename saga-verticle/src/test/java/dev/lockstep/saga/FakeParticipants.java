package dev.lockstep.saga;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.uuid.Generators;
import dev.lockstep.contracts.Message;
import dev.lockstep.contracts.Topics;
import dev.lockstep.testing.TestKafka;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Simulates the order, inventory and payment services on Kafka. */
final class FakeParticipants implements AutoCloseable {
    static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TestKafka kafka = new TestKafka();
    private final KafkaProducer<String, String> producer = new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka.bootstrapServers()), new StringSerializer(), new StringSerializer());
    private final KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
            Map.of(
                    "bootstrap.servers",
                    kafka.bootstrapServers(),
                    "group.id",
                    "participants-" + UUID.randomUUID(),
                    "auto.offset.reset",
                    "earliest"),
            new StringDeserializer(),
            new StringDeserializer());
    private final List<ConsumerRecord<String, String>> received = new ArrayList<>();

    FakeParticipants() {
        consumer.subscribe(List.of(Topics.INVENTORY_COMMANDS, Topics.PAYMENT_COMMANDS, Topics.ORDER_COMMANDS));
    }

    void send(Message message) {
        send(message, Generators.timeBasedEpochGenerator().generate());
    }

    void send(Message message, UUID messageId) {
        ProducerRecord<String, String> record =
                new ProducerRecord<>(Topics.of(message), message.orderId(), json(message));
        Map.of(
                        "ce_type",
                        message.getClass().getSimpleName(),
                        "ce_id",
                        messageId.toString(),
                        "ce_source",
                        "/test",
                        "traceparent",
                        TRACE)
                .forEach((name, text) -> record.headers().add(name, text.getBytes(StandardCharsets.UTF_8)));
        assertThat(producer.send(record)).succeedsWithin(LIMIT);
    }

    /** Waits for a command of this type for the order and returns it. */
    ConsumerRecord<String, String> awaitCommand(String order, String type) {
        await(type + " of " + order).atMost(LIMIT).until(() -> commands(order).contains(type));
        return received.stream()
                .filter(record -> order.equals(record.key()) && type.equals(header(record, "ce_type")))
                .findFirst()
                .orElseThrow();
    }

    /** The types of all commands received for the order. */
    List<String> commands(String order) {
        consumer.poll(Duration.ofMillis(100)).forEach(received::add);
        return received.stream()
                .filter(record -> order.equals(record.key()))
                .map(record -> header(record, "ce_type"))
                .toList();
    }

    static String header(ConsumerRecord<String, String> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    private static String json(Message message) {
        try {
            return JSON.writeValueAsString(message);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        producer.close();
        consumer.close();
        kafka.close();
    }
}
