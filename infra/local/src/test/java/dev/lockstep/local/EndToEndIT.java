package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.local.ApiClient.Stock;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The possible outcomes of an order, tested from outside through HTTP and Kafka. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@Tag("slow")
class EndToEndIT {
    private static final long DEPOSIT = 1_000_000;

    @TempDir
    static Path data;

    private static LockstepProcess lockstep;
    private static ApiClient api;

    @BeforeAll
    static void start() {
        lockstep = LockstepProcess.start(
                data.resolve("a folder"), Map.of("CONSUMER_MAX_ATTEMPTS", "3", "CONSUMER_RETRY_BACKOFF", "PT0.1S"));
        api = new ApiClient(lockstep);
    }

    @AfterAll
    static void stop() {
        api.close();
        lockstep.close();
    }

    @Test
    void the_order_of_the_guide_is_confirmed_with_stock_held_and_one_charge() {
        Stock stock = api.stock("p1");
        long balance = api.balance("u123");

        String orderId = api.order("u123", "p1", 2);

        assertThat(api.outcome(orderId)).isEqualTo("CONFIRMED");
        assertThat(api.stock("p1")).isEqualTo(new Stock(stock.available() - 2, stock.reserved() + 2));
        assertThat(api.balance("u123")).isEqualTo(balance - 2_000);
        assertThat(api.get(Service.ORDER, "/orders/" + orderId).get("total").toString())
                .isEqualTo("{\"amount\":2000,\"currency\":\"KRW\"}");
        assertThat(api.get(Service.PAYMENT, "/payments/" + orderId)
                        .get("status")
                        .asText())
                .isEqualTo("CHARGED");
    }

    @Test
    void every_message_of_an_order_can_be_read_by_an_ordinary_client_and_carries_its_trace() throws IOException {
        String trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        String orderId = orderWithTrace("00-" + trace + "-00f067aa0ba902b7-01");
        api.outcome(orderId);

        assertThat(List.of(
                        "order.created OrderCreated",
                        "inventory.commands ReserveStock",
                        "inventory.updated StockReserved",
                        "payment.commands ChargePayment",
                        "payment.updated PaymentCharged",
                        "order.commands ConfirmOrder",
                        "order.confirmed OrderConfirmed"))
                .allSatisfy(expected -> {
                    String[] topicAndType = expected.split(" ", 2);
                    ConsumerRecord<String, String> record = TopicClient.await(
                            lockstep.bootstrapServers(), topicAndType[0], found -> orderId.equals(found.key()));
                    assertThat(TopicClient.header(record, "ce_type")).isEqualTo(topicAndType[1]);
                    assertThat(TopicClient.header(record, "ce_specversion")).isEqualTo("1.0");
                    assertThat(TopicClient.header(record, "ce_subject")).isEqualTo(orderId);
                    assertThat(TopicClient.header(record, "ce_id")).isNotEmpty();
                    assertThat(TopicClient.header(record, "traceparent")).contains(trace);
                    assertThat(record.value()).contains("\"orderId\":\"" + orderId + "\"");
                });
    }

    @ParameterizedTest
    @EnumSource
    void readiness_reports_every_part_of_a_service(Service service) {
        assertThat(api.get(service, "/health/ready").findValuesAsText("name"))
                .contains("consumer", "relay", "resends", "slot");
    }

    @Test
    void an_order_over_the_available_stock_is_rejected_and_moves_nothing() {
        api.product("few", 1_000, 5);
        api.deposit("keen", DEPOSIT);

        String orderId = api.order("keen", "few", 6);

        assertThat(api.outcome(orderId)).isEqualTo("OUT_OF_STOCK");
        assertThat(api.stock("few")).isEqualTo(new Stock(5, 0));
        assertThat(api.balance("keen")).isEqualTo(DEPOSIT);
    }

    @Test
    void an_unknown_product_is_the_cancel_reason() {
        api.deposit("curious", DEPOSIT);

        String orderId = api.order("curious", "no-such-product", 1);

        assertThat(api.outcome(orderId)).isEqualTo("UNKNOWN_PRODUCT");
        assertThat(api.balance("curious")).isEqualTo(DEPOSIT);
    }

    @Test
    void insufficient_funds_decline_the_payment_and_release_the_stock() {
        api.product("dear", 1_000, 5);
        api.deposit("poor", 1_999);

        String orderId = api.order("poor", "dear", 2);

        assertThat(api.outcome(orderId)).isEqualTo("PAYMENT_DECLINED");
        api.awaitSagaEnd(orderId);
        assertThat(api.stock("dear")).isEqualTo(new Stock(5, 0));
        assertThat(api.balance("poor")).isEqualTo(1_999);
    }

    @Test
    void an_order_cancelled_at_once_is_fully_compensated() {
        api.product("regretted", 1_000, 5);
        api.deposit("fickle", DEPOSIT);

        String orderId = api.order("fickle", "regretted", 2);
        HttpResponse<String> answer = api.send("POST", Service.ORDER, "/orders/" + orderId + "/cancel", "");

        assertThat(answer.statusCode()).isEqualTo(202);
        assertThat(api.outcome(orderId)).isEqualTo("CANCELLED_BY_CUSTOMER");
        api.awaitSagaEnd(orderId);
        assertThat(api.stock("regretted")).isEqualTo(new Stock(5, 0));
        assertThat(api.balance("fickle")).isEqualTo(DEPOSIT);
    }

    @Test
    void a_record_that_is_not_json_becomes_a_dead_letter_and_later_orders_are_processed() throws Exception {
        JsonNode deadLetter = sendAndAwaitDeadLetter("not-json", "ReserveStock", "{\"orderId\":", "NOT_JSON");

        assertThat(deadLetter.get("value").asText()).isEqualTo("{\"orderId\":");
        assertOrdersAreProcessed();
    }

    @Test
    void a_record_of_an_unknown_type_becomes_a_dead_letter_and_later_orders_are_processed() throws Exception {
        JsonNode deadLetter =
                sendAndAwaitDeadLetter("unknown-type", "PaintStock", "{\"orderId\":\"unknown-type\"}", "UNKNOWN_TYPE");

        assertThat(deadLetter.get("error").asText()).contains("PaintStock").contains("ReserveStock");
        assertOrdersAreProcessed();
    }

    @Test
    void a_record_that_always_fails_becomes_a_dead_letter_after_its_attempts_and_later_orders_are_processed()
            throws Exception {
        execute("""
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'this order always fails'; END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON reservation
                   FOR EACH ROW WHEN (NEW.order_id = 'always-throws') EXECUTE FUNCTION refuse();
                """);

        JsonNode deadLetter = sendAndAwaitDeadLetter(
                "always-throws",
                "ReserveStock",
                "{\"orderId\":\"always-throws\",\"items\":[{\"productId\":\"p1\",\"qty\":1}]}",
                "");

        assertThat(deadLetter.get("error").asText()).contains("this order always fails");
        assertThat(deadLetter.get("attempts").asInt()).isEqualTo(3);
        assertOrdersAreProcessed();
    }

    // Sends a record to inventory.commands and returns its dead letter once that is on the dead-letter topic.
    private static JsonNode sendAndAwaitDeadLetter(String key, String type, String value, String reason)
            throws Exception {
        ProducerRecord<String, String> bad = new ProducerRecord<>("inventory.commands", key, value);
        bad.headers().add("ce_id", ("id of " + key).getBytes(StandardCharsets.UTF_8));
        bad.headers().add("ce_type", type.getBytes(StandardCharsets.UTF_8));
        TopicClient.write(lockstep.bootstrapServers(), bad);

        ConsumerRecord<String, String> dead = TopicClient.await(
                lockstep.bootstrapServers(), "inventory.commands.dlq", record -> key.equals(record.key()));
        assertThat(dead.value()).isEqualTo(value);
        assertThat(TopicClient.header(dead, "ce_type")).isEqualTo(type);
        assertThat(TopicClient.header(dead, "dlq_topic")).isEqualTo("inventory.commands");
        assertThat(TopicClient.header(dead, "dlq_reason")).contains(reason).isNotEmpty();
        assertThat(TopicClient.header(dead, "dlq_error")).isNotEmpty();

        JsonNode deadLetter = Awaitility.await()
                .atMost(ApiClient.TIMEOUT)
                .until(
                        () -> api.list(Service.INVENTORY, "/dead-letters?limit=50").stream()
                                .filter(shown -> shown.path("key").asText().equals(key))
                                .findFirst(),
                        Optional::isPresent)
                .orElseThrow();
        assertThat(deadLetter.get("topic").asText()).isEqualTo("inventory.commands");
        assertThat(deadLetter.get("reason").asText()).isEqualTo(TopicClient.header(dead, "dlq_reason"));
        return deadLetter;
    }

    // More than one for each partition.
    private static void assertOrdersAreProcessed() {
        List<String> orders =
                IntStream.range(0, 20).mapToObj(n -> api.order("u124", "p2", 1)).toList();
        assertThat(orders)
                .allSatisfy(orderId -> assertThat(api.outcome(orderId)).isEqualTo("CONFIRMED"));
    }

    private static String orderWithTrace(String traceparent) throws IOException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI uri = lockstep.uri(Service.ORDER).resolve("/orders");
            HttpResponse<String> answer = client.send(
                    HttpRequest.newBuilder(uri)
                            .header("Content-Type", "application/json")
                            .header("traceparent", traceparent)
                            .POST(HttpRequest.BodyPublishers.ofString(
                                    "{\"userId\":\"u125\",\"items\":[{\"productId\":\"p1\",\"qty\":1}]}"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            return ApiClient.read(answer).get("orderId").asText();
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new IOException(cause);
        }
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(lockstep.jdbcUrl("inventory"));
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
