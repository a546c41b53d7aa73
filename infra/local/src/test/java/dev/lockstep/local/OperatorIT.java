package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.local.ApiClient.Stock;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How an operator finds and resolves a stuck order, with all four services, tested from outside. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class OperatorIT {
    private static final String WHY = "{\"reason\":\"inventory cannot handle it\"}";

    @TempDir
    static Path data;

    private static LockstepProcess lockstep;
    private static ApiClient api;

    @BeforeAll
    static void start() throws SQLException {
        lockstep = LockstepProcess.start(
                data,
                Map.of(
                        "CONSUMER_MAX_ATTEMPTS", "2",
                        "CONSUMER_RETRY_BACKOFF", "PT0.1S",
                        "SAGA_COMPENSATION_RETRY", "PT2S"));
        api = new ApiClient(lockstep);
        // Makes the reservation of certain products fail, and every step of certain orders.
        execute("""
                CREATE TABLE cursed (order_id text);
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF NEW.items::text LIKE '%cursed%' OR EXISTS (SELECT FROM cursed WHERE order_id = NEW.order_id) THEN
                        RAISE EXCEPTION 'cursed';
                    END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON reservation FOR EACH ROW EXECUTE FUNCTION refuse();
                """);
        api.product("cursed", 1_000, 100);
    }

    @AfterAll
    static void stop() {
        api.close();
        lockstep.close();
    }

    @Test
    void the_timeline_of_an_order_covers_all_services() {
        String orderId = api.order("u123", "p1", 1);
        api.awaitSagaEnd(orderId);

        JsonNode timeline = Awaitility.await("every row to be relayed")
                .atMost(ApiClient.TIMEOUT)
                .until(
                        () -> api.get(Service.ORDER, "/orders/" + orderId + "/timeline"),
                        OperatorIT::everythingIsRelayed);

        assertThat(timeline.get("truncated")).isEmpty();
        assertThat(timeline.get("unavailable")).isEmpty();
        assertThat(timeline.get("status").asText()).isEqualTo("CONFIRMED");
        assertThat(describe(timeline).stream().filter(entry -> !entry.contains(" consumed ")))
                .containsExactly(
                        "order accepted",
                        "order sent OrderCreated",
                        "saga saga-step RESERVING_STOCK",
                        "saga sent ReserveStock",
                        "inventory sent StockReserved",
                        "saga saga-step CHARGING_PAYMENT",
                        "saga sent ChargePayment",
                        "payment sent PaymentCharged",
                        "saga saga-step CONFIRMING_ORDER",
                        "saga sent ConfirmOrder",
                        "order sent OrderConfirmed",
                        "saga saga-step CONFIRMED");
    }

    @Test
    void a_stuck_saga_shows_its_obstacle_and_can_be_compensated() {
        Stock before = api.stock("cursed");
        String orderId = api.order("u123", "cursed", 1);

        JsonNode obstacle = obstacle(orderId, "inventory", "dead-letter", "ReserveStock");
        assertThat(obstacle.get("error").asText()).contains("cursed");
        assertThat(api.get(Service.INVENTORY, obstacle.get("path").asText())
                        .get("key")
                        .asText())
                .isEqualTo(orderId);

        HttpResponse<String> answer = api.send("POST", Service.SAGA, "/sagas/" + orderId + "/compensate", WHY);

        assertThat(answer.statusCode()).isEqualTo(202);
        assertThat(api.outcome(orderId)).isEqualTo("CANCELLED_BY_OPERATOR");
        api.awaitSagaEnd(orderId);
        assertThat(api.stock("cursed")).isEqualTo(before);
        JsonNode timeline = api.get(Service.ORDER, "/orders/" + orderId + "/timeline");
        assertThat(timeline.get("unavailable")).isEmpty();
        assertThat(describe(timeline))
                .contains("inventory dead-letter ReserveStock", "saga saga-step COMPENSATING")
                .endsWith("saga saga-step CANCELLED");
        assertThat(entries(timeline)).anySatisfy(entry -> {
            assertThat(entry.path("event").asText()).isEqualTo("CompensationRequested");
            assertThat(entry.path("by").asText()).startsWith("anonymous@");
            assertThat(entry.path("reason").asText()).isEqualTo("inventory cannot handle it");
        });
        assertThat(api.list(Service.SAGA, "/operator-actions?target=" + orderId))
                .singleElement()
                .satisfies(action -> assertThat(action.get("action").asText()).isEqualTo("saga.compensate"));
    }

    @Test
    void a_saga_with_an_unanswered_compensation_can_be_abandoned() throws SQLException {
        String orderId = api.order("u123", "cursed", 1);
        execute("INSERT INTO cursed VALUES ('" + orderId + "')");
        obstacle(orderId, "inventory", "dead-letter", "ReserveStock");
        api.send("POST", Service.SAGA, "/sagas/" + orderId + "/compensate", WHY);
        obstacle(orderId, "inventory", "dead-letter", "ReleaseStock");

        HttpResponse<String> answer = api.send("POST", Service.SAGA, "/sagas/" + orderId + "/abandon", WHY);

        assertThat(answer.statusCode()).isEqualTo(202);
        assertThat(ApiClient.read(answer).get("state").asText()).isEqualTo("ABANDONED");
        assertThat(ApiClient.read(answer).get("abandoned").get("leftUndone").toString())
                .contains("StockReleased");
        assertThat(api.outcome(orderId)).isEqualTo("CANCELLED_BY_OPERATOR");
        assertThat(api.get(Service.SAGA, "/sagas/" + orderId).get("state").asText())
                .isEqualTo("ABANDONED");
    }

    @Test
    void a_replay_reaches_only_the_service_that_owns_the_dead_letter() throws Exception {
        ProducerRecord<String, String> poison = new ProducerRecord<>("lockstep.resend-requests", "poison", "nonsense");
        poison.headers().add("ce_id", "poison".getBytes(StandardCharsets.UTF_8));
        poison.headers().add("ce_type", "ResendRequested".getBytes(StandardCharsets.UTF_8));
        TopicClient.write(lockstep.bootstrapServers(), poison);
        for (Service service : Service.values()) {
            Awaitility.await("the dead letter of " + service)
                    .atMost(ApiClient.TIMEOUT)
                    .until(() -> deadLetters(service).size() == 1);
        }
        int records = TopicClient.read(lockstep.bootstrapServers(), "lockstep.resend-requests")
                .size();
        String id = deadLetters(Service.ORDER).getFirst().get("id").asText();

        assertThat(api.send("POST", Service.ORDER, "/dead-letters/replay", "{}").statusCode())
                .isEqualTo(400);
        HttpResponse<String> answer = api.send("POST", Service.ORDER, "/dead-letters/" + id + "/replay", "{}");

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
        Awaitility.await("the redelivery to have failed")
                .atMost(ApiClient.TIMEOUT)
                .until(() -> deadLetters(Service.ORDER).size() == 2);
        assertThat(deadLetters(Service.ORDER).getFirst().get("redeliveryOf").asText())
                .isEqualTo(id);
        assertThat(TopicClient.read(lockstep.bootstrapServers(), "lockstep.resend-requests"))
                .hasSize(records);
        for (Service other : List.of(Service.INVENTORY, Service.PAYMENT, Service.SAGA)) {
            assertThat(deadLetters(other)).as(other.name()).hasSize(1);
        }
    }

    private static List<JsonNode> deadLetters(Service service) {
        return api.list(service, "/dead-letters?state=any&key=poison");
    }

    private static JsonNode obstacle(String orderId, String service, String kind, String type) {
        return Awaitility.await(type + " in the way of " + orderId)
                .atMost(ApiClient.TIMEOUT)
                .ignoreExceptions()
                .until(
                        () -> StreamSupport.stream(
                                        api.get(Service.SAGA, "/sagas/" + orderId)
                                                .get("obstacles")
                                                .spliterator(),
                                        false)
                                .filter(each -> each.get("service").asText().equals(service)
                                        && each.get("kind").asText().equals(kind)
                                        && each.get("type").asText().equals(type))
                                .toList(),
                        found -> !found.isEmpty())
                .getFirst();
    }

    private static boolean everythingIsRelayed(JsonNode timeline) {
        return entries(timeline).stream()
                .filter(entry -> entry.get("kind").asText().equals("sent"))
                .allMatch(entry -> entry.get("state").asText().equals("relayed"));
    }

    // A step is shown by its result, a message by its type.
    private static List<String> describe(JsonNode timeline) {
        return entries(timeline).stream()
                .map(entry -> entry.get("service").asText() + " "
                        + entry.get("kind").asText() + " "
                        + (entry.get("kind").asText().equals("saga-step") ? entry.get("state") : entry.path("type"))
                                .asText())
                .map(String::strip)
                .toList();
    }

    private static List<JsonNode> entries(JsonNode timeline) {
        List<JsonNode> entries = new ArrayList<>();
        timeline.get("data").forEach(entries::add);
        return entries;
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(lockstep.jdbcUrl("inventory"));
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
