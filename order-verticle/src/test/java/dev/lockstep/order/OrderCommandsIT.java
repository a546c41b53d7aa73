package dev.lockstep.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.uuid.Generators;
import dev.lockstep.contracts.Topics;
import dev.lockstep.testing.TestKafka;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Utils;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderCommandsIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    @RegisterExtension
    static final OrderService orders = OrderService.start(Map.of());

    @RegisterExtension
    static final TestKafka kafka = new TestKafka();

    @AutoClose
    private static final KafkaProducer<String, String> producer = new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka.bootstrapServers()), new StringSerializer(), new StringSerializer());

    @Test
    void a_confirmed_order_is_announced_on_its_topic_in_the_trace_of_the_command() {
        String id = orders.place("u-confirm");

        send(confirm(id));
        awaitStatus(id, "CONFIRMED");

        assertThat(orders.get("/orders/" + id).body().get("total").toString())
                .isEqualTo("{\"amount\":2000,\"currency\":\"KRW\"}");
        ConsumerRecord<String, String> event = awaitRecord(Topics.ORDER_CONFIRMED, id);
        assertThat(event.value())
                .isEqualTo("{\"orderId\":\"" + id + "\",\"total\":{\"amount\":2000,\"currency\":\"KRW\"}}");
        assertThat(header(event, "ce_type")).isEqualTo("OrderConfirmed");
        assertThat(header(event, "traceparent")).isEqualTo(TRACE);
    }

    @Test
    void a_locked_order_does_not_delay_other_orders() throws SQLException {
        String locked = orders.place("u-locked");
        String other = orders.place("u-locked");
        try (Connection operator = DriverManager.getConnection(orders.jdbcUrl(), "lockstep", "lockstep");
                Statement statement = operator.createStatement()) {
            operator.setAutoCommit(false);
            statement.execute("SELECT FROM orders WHERE order_id = '" + locked + "' FOR UPDATE");

            send(List.of(confirm(locked), confirm(other)));

            Awaitility.await()
                    .atMost(Duration.ofSeconds(3))
                    .until(() -> orders.get("/orders/" + other)
                            .body()
                            .get("status")
                            .asText()
                            .equals("CONFIRMED"));
            operator.rollback();
        }
        awaitStatus(locked, "CONFIRMED");
    }

    @Test
    void a_cancelled_order_is_announced_with_its_reason() {
        String id = orders.place("u-cancel");

        send(cancel(id, "OUT_OF_STOCK"));
        awaitStatus(id, "CANCELLED");

        assertThat(orders.get("/orders/" + id).body().get("reason").asText()).isEqualTo("OUT_OF_STOCK");
        assertThat(awaitRecord(Topics.ORDER_CANCELLED, id).value())
                .isEqualTo("{\"orderId\":\"" + id + "\",\"reason\":\"OUT_OF_STOCK\"}");
    }

    @Test
    void a_duplicate_message_has_one_effect() {
        String id = orders.place("u-twice");
        String behind = orders.place("u-twice");
        ProducerRecord<String, String> message = confirm(id);

        send(message);
        send(message);
        send(onPartitionOf(message, confirm(behind)));
        awaitStatus(behind, "CONFIRMED");

        assertThat(orders.outbox(id)).containsExactly("OrderCreated", "OrderConfirmed");
    }

    @Test
    void a_repeated_command_changes_nothing_and_is_answered_again() {
        String id = orders.place("u-again");
        send(confirm(id));
        awaitStatus(id, "CONFIRMED");
        JsonNode before = orders.get("/orders/" + id).body();

        send(confirm(id));
        await().atMost(SOON).until(() -> orders.outbox(id).size() == 3);

        assertThat(orders.outbox(id)).containsExactly("OrderCreated", "OrderConfirmed", "OrderConfirmed");
        assertThat(orders.get("/orders/" + id).body()).isEqualTo(before);
    }

    @Test
    void several_commands_of_one_order_in_one_batch_are_decided_one_after_the_other() {
        List<String> ids =
                IntStream.range(0, 50).mapToObj(i -> orders.place("u-batch")).toList();

        send(ids.stream()
                .flatMap(id -> Stream.of(cancel(id, "TIMED_OUT"), cancel(id, "OUT_OF_STOCK")))
                .toList());
        ids.forEach(id -> await().atMost(SOON).until(() -> orders.outbox(id).size() == 3));

        assertThat(orders.query("SELECT DISTINCT status || reason FROM orders WHERE user_id = 'u-batch'"))
                .containsExactly("CANCELLEDTIMED_OUT");
    }

    @Test
    void unprocessable_commands_become_dead_letters_and_later_commands_are_handled() {
        String cancelled = orders.place("u-contradiction");
        send(cancel(cancelled, "TIMED_OUT"));
        awaitStatus(cancelled, "CANCELLED");
        String confirmed = orders.place("u-contradiction");
        send(confirm(confirmed));
        awaitStatus(confirmed, "CONFIRMED");
        String unknown = UUID.randomUUID().toString();
        String behind = orders.place("u-contradiction");
        ProducerRecord<String, String> first = confirm(cancelled);

        send(Stream.of(first, cancel(confirmed, "TIMED_OUT"), confirm(unknown), confirm("not-a-uuid"), confirm(behind))
                .map(command -> onPartitionOf(first, command))
                .toList());
        awaitStatus(behind, "CONFIRMED");

        await().atMost(SOON)
                .untilAsserted(() -> assertThat(
                                orders.get("/dead-letters?limit=500").body().findValuesAsText("key"))
                        .contains(cancelled, confirmed, unknown, "not-a-uuid"));
        assertThat(orders.get("/orders/" + cancelled).body().get("status").asText())
                .isEqualTo("CANCELLED");
        assertThat(orders.get("/orders/" + confirmed).body().get("status").asText())
                .isEqualTo("CONFIRMED");
    }

    @Test
    void an_accepted_cancellation_is_final() {
        String id = orders.place("u-binding");
        String behind = orders.place("u-binding");
        orders.post("/orders/" + id + "/cancel", "");
        ProducerRecord<String, String> tooLate = confirm(id);

        send(tooLate);
        send(onPartitionOf(tooLate, confirm(behind)));
        awaitStatus(behind, "CONFIRMED");
        List<String> beforeTheCancelCommand = orders.outbox(id);
        send(cancel(id, "CANCELLED_BY_CUSTOMER"));
        awaitStatus(id, "CANCELLED");

        assertThat(beforeTheCancelCommand)
                .containsExactly("OrderCreated", "OrderCancelRequested", "OrderCancelRequested");
        assertThat(awaitRecord(Topics.ORDER_CANCEL_REQUESTED, id).value()).isEqualTo("{\"orderId\":\"" + id + "\"}");
        assertThat(orders.outbox(id))
                .containsExactly("OrderCreated", "OrderCancelRequested", "OrderCancelRequested", "OrderCancelled");
    }

    @Test
    void the_first_of_a_racing_cancellation_and_confirmation_wins() {
        List<String> ids =
                IntStream.range(0, 60).mapToObj(i -> orders.place("u-race")).toList();

        List<CompletableFuture<Integer>> answers = new ArrayList<>();
        for (String id : ids) {
            send(confirm(id));
            answers.add(orders.postLater("/orders/" + id + "/cancel", "").thenApply(OrderService.Answer::status));
        }
        List<Integer> statuses = answers.stream().map(CompletableFuture::join).toList();
        IntStream.range(0, 6).forEach(partition -> {
            String end = orders.place("u-race-end");
            send(onPartition(partition, confirm(end)));
            awaitStatus(end, "CONFIRMED");
        });

        for (int i = 0; i < ids.size(); i++) {
            Set<String> events = Set.copyOf(orders.outbox(ids.get(i)));
            assertThat(events)
                    .isEqualTo(
                            Set.of("OrderCreated", statuses.get(i) == 202 ? "OrderCancelRequested" : "OrderConfirmed"));
        }
    }

    private static ProducerRecord<String, String> confirm(String orderId) {
        return command(
                orderId,
                "ConfirmOrder",
                "{\"orderId\":\"" + orderId + "\",\"total\":{\"amount\":2000,\"currency\":\"KRW\"}}");
    }

    private static ProducerRecord<String, String> cancel(String orderId, String reason) {
        return command(orderId, "CancelOrder", "{\"orderId\":\"" + orderId + "\",\"reason\":\"" + reason + "\"}");
    }

    private static ProducerRecord<String, String> command(String orderId, String type, String value) {
        ProducerRecord<String, String> command = new ProducerRecord<>(Topics.ORDER_COMMANDS, orderId, value);
        Map.of(
                        "ce_id",
                        Generators.timeBasedEpochGenerator().generate().toString(),
                        "ce_type",
                        type,
                        "ce_source",
                        "/saga-service",
                        "traceparent",
                        TRACE)
                .forEach((name, header) -> command.headers().add(name, header.getBytes(StandardCharsets.UTF_8)));
        return command;
    }

    /** Puts the command on the partition of the other one, so that it is handled after the other one. */
    private static ProducerRecord<String, String> onPartitionOf(
            ProducerRecord<String, String> other, ProducerRecord<String, String> command) {
        int partition = Math.floorMod(
                Utils.toPositive(Utils.murmur2(other.key().getBytes(StandardCharsets.UTF_8))),
                producer.partitionsFor(Topics.ORDER_COMMANDS).size());
        return onPartition(partition, command);
    }

    private static ProducerRecord<String, String> onPartition(int partition, ProducerRecord<String, String> command) {
        return new ProducerRecord<>(
                Topics.ORDER_COMMANDS, partition, command.key(), command.value(), command.headers());
    }

    private static void send(ProducerRecord<String, String> command) {
        send(List.of(command));
    }

    /** Sends all commands before it waits for the first acknowledgement, so that they can arrive as one batch. */
    private static void send(List<ProducerRecord<String, String>> commands) {
        List<Future<RecordMetadata>> sent =
                commands.stream().map(producer::send).toList();
        for (Future<RecordMetadata> each : sent) {
            try {
                each.get();
            } catch (ExecutionException | InterruptedException e) {
                throw new IllegalStateException("a command could not be sent", e);
            }
        }
    }

    private static void awaitStatus(String orderId, String status) {
        await().atMost(SOON)
                .until(
                        () -> orders.get("/orders/" + orderId)
                                .body()
                                .get("status")
                                .asText(),
                        status::equals);
    }

    private static ConsumerRecord<String, String> awaitRecord(String topic, String key) {
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", kafka.bootstrapServers()),
                new StringDeserializer(),
                new StringDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            List<ConsumerRecord<String, String>> found = new ArrayList<>();
            await().atMost(SOON).until(() -> {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> {
                    if (record.key().equals(key)) {
                        found.add(record);
                    }
                });
                return !found.isEmpty();
            });
            return found.getFirst();
        }
    }

    private static String header(ConsumerRecord<String, String> record, String name) {
        return new String(record.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
    }
}
