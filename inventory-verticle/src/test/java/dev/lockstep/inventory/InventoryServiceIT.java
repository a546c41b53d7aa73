package dev.lockstep.inventory;

import static dev.lockstep.inventory.InventoryService.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.uuid.Generators;
import dev.lockstep.inventory.InventoryService.Answer;
import dev.lockstep.testing.TestKafka;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The service with its two topics. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class InventoryServiceIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    @RegisterExtension
    static final InventoryService service = new InventoryService();

    @RegisterExtension
    static final TestKafka kafka = new TestKafka();

    @SuppressWarnings("NullAway.Init")
    private static KafkaProducer<String, String> commands;

    @SuppressWarnings("NullAway.Init")
    private static KafkaConsumer<String, String> updates;

    private static final List<ConsumerRecord<String, String>> RECEIVED = new ArrayList<>();

    @BeforeAll
    static void start() {
        service.awaitReady();
        commands = new KafkaProducer<>(
                Map.of("bootstrap.servers", kafka.bootstrapServers()), new StringSerializer(), new StringSerializer());
        updates = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        kafka.bootstrapServers(),
                        "group.id",
                        "updates-" + UUID.randomUUID(),
                        "auto.offset.reset",
                        "earliest"),
                new StringDeserializer(),
                new StringDeserializer());
        updates.subscribe(List.of("inventory.updated"));
    }

    @AfterAll
    static void stop() {
        commands.close();
        updates.close();
    }

    @Test
    void a_command_is_answered_with_an_event_and_its_duplicate_has_no_effect() {
        String order = "order-" + UUID.randomUUID();
        String product = "p-" + UUID.randomUUID();
        service.put(
                "/products/" + product,
                "{\"name\":\"Cup\",\"unitPrice\":{\"amount\":2000,\"currency\":\"KRW\"},\"available\":10}");
        String reserve = "{\"orderId\":\"%s\",\"items\":[{\"productId\":\"%s\",\"qty\":2}]}".formatted(order, product);
        String messageId = newMessageId();

        send(order, "ReserveStock", messageId, reserve);
        send(order, "ReserveStock", messageId, reserve);
        send(order, "ReleaseStock", newMessageId(), "{\"orderId\":\"%s\"}".formatted(order));

        List<ConsumerRecord<String, String>> events = eventsOf(order, 2);
        assertThat(events)
                .extracting(event -> header(event, "ce_type"), event -> json(event.value()))
                .containsExactly(
                        tuple(
                                "StockReserved",
                                json("{\"orderId\":\"%s\",\"total\":{\"amount\":4000,\"currency\":\"KRW\"}}"
                                        .formatted(order))),
                        tuple("StockReleased", json("{\"orderId\":\"%s\"}".formatted(order))));
        assertThat(events).allSatisfy(event -> {
            assertThat(header(event, "ce_source")).isEqualTo("/inventory-service");
            assertThat(header(event, "traceparent")).isEqualTo(TRACE);
        });
        JsonNode stock = service.get("/products/" + product).body();
        assertThat(stock.path("available").asLong()).isEqualTo(10);
        assertThat(stock.path("reserved").asLong()).isZero();
    }

    @Test
    void an_unprocessable_message_becomes_a_dead_letter_and_later_orders_are_handled() {
        String bad = "bad-" + UUID.randomUUID();
        String good = "good-" + UUID.randomUUID();

        send(bad, "ReserveStock", newMessageId(), "{\"orderId\":\"%s\",\"items\":[]}".formatted(bad));
        send(
                good,
                "ReserveStock",
                newMessageId(),
                "{\"orderId\":\"%s\",\"items\":[{\"productId\":\"no-such\",\"qty\":1}]}".formatted(good));

        assertThat(eventsOf(good, 1))
                .extracting(event -> header(event, "ce_type"))
                .containsExactly("StockRejected");
        await().atMost(LIMIT).untilAsserted(() -> {
            Answer deadLetters = service.get("/dead-letters");
            assertThat(StreamSupport.stream(deadLetters.body().path("data").spliterator(), false)
                            .map(deadLetter -> deadLetter.path("key").asText()))
                    .containsExactly(bad);
        });
    }

    /** A UUIDv7, like the ids of outbox rows. */
    private static String newMessageId() {
        return Generators.timeBasedEpochGenerator().generate().toString();
    }

    private static void send(String key, String type, String id, String value) {
        ProducerRecord<String, String> record = new ProducerRecord<>("inventory.commands", key, value);
        Map.of("ce_type", type, "ce_id", id, "ce_source", "/test", "traceparent", TRACE)
                .forEach((name, text) -> record.headers().add(name, text.getBytes(StandardCharsets.UTF_8)));
        assertThat(commands.send(record)).succeedsWithin(LIMIT);
    }

    /** Waits for the expected number of events of the order, and then polls once more for surplus events. */
    private static List<ConsumerRecord<String, String>> eventsOf(String order, int expected) {
        await().atMost(LIMIT).until(() -> poll(order).size() >= expected);
        return poll(order);
    }

    private static List<ConsumerRecord<String, String>> poll(String order) {
        updates.poll(Duration.ofMillis(500)).forEach(RECEIVED::add);
        return RECEIVED.stream().filter(event -> order.equals(event.key())).toList();
    }

    private static String header(ConsumerRecord<String, String> event, String name) {
        Header header = event.headers().lastHeader(name);
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }
}
