package dev.lockstep.order;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.embedded.FreePorts;
import dev.lockstep.order.OrderService.Answer;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The order service with simulated peers: one is slow, and one is unavailable. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@ExtendWith(VertxExtension.class)
class OrderTimelineIT {
    private static final String TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    private static final Instant LATER = Instant.parse("2100-01-01T00:00:00Z");
    private static final List<Integer> IDS_ASKED_AT_ONCE = new ArrayList<>();

    private static final AtomicInteger RETRIES = new AtomicInteger();

    private static OrderService orders;

    @BeforeAll
    static void start(Vertx vertx) {
        Router router = Router.router(vertx);
        router.get("/saga/sagas/:id").handler(OrderTimelineIT::saga);
        router.get("/saga/inbox").handler(OrderTimelineIT::inbox);
        router.get("/inventory/delivery-incidents").handler(OrderTimelineIT::manyIncidents);
        router.get("/inventory/dead-letters").handler(OrderTimelineIT::deadLetters);
        router.get("/slow/*").handler(ctx -> {});
        router.get().handler(ctx -> list(ctx, new JsonArray()));
        HttpServer server =
                await(vertx.createHttpServer().requestHandler(router).listen(0, "127.0.0.1"));
        String here = "http://127.0.0.1:" + server.actualPort();
        orders = OrderService.start(Map.of(
                "PEERS",
                "saga=" + here + "/saga,inventory=" + here + "/inventory,slow=" + here + "/slow,away=http://127.0.0.1:"
                        + FreePorts.any(),
                "PEERS_TIMEOUT",
                "PT3S"));
    }

    @AfterAll
    static void stop() {
        orders.close();
    }

    @Test
    void the_timeline_is_sorted_by_time_and_names_unavailable_services() {
        String order = orders.post("/orders", OrderService.order("u1"), "traceparent", TRACE)
                .body()
                .get("orderId")
                .asText();

        long start = System.nanoTime();
        JsonNode timeline = orders.get("/orders/" + order + "/timeline").body();

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
        assertThat(timeline.get("orderId").asText()).isEqualTo(order);
        assertThat(timeline.get("status").asText()).isEqualTo("PENDING");
        List<String> entries = new ArrayList<>();
        timeline.get("data")
                .forEach(entry -> entries.add(
                        entry.get("service").asText() + " " + entry.get("kind").asText()));
        assertThat(entries.subList(0, 4))
                .containsExactly("order accepted", "order sent", "saga consumed", "saga saga-step");
        assertThat(entries.subList(4, entries.size()))
                .hasSize(501)
                .startsWith("inventory dead-letter")
                .endsWith("inventory parked");
        assertThat(timeline.get("data").get(0).get("traceparent").asText()).isEqualTo(TRACE);
        JsonNode sent = timeline.get("data").get(1);
        assertThat(sent.get("type").asText()).isEqualTo("OrderCreated");
        assertThat(sent.get("topic").asText()).isEqualTo("order.created");
        JsonNode consumed = timeline.get("data").get(2);
        assertThat(consumed.get("messageId")).isEqualTo(sent.get("id"));
        assertThat(consumed.get("type").asText()).isEqualTo("OrderCreated");
        assertThat(consumed.get("offset").asInt()).isEqualTo(7);
        assertThat(timeline.get("data").get(3).get("event").asText()).isEqualTo("OrderCreated");
        assertThat(reason(timeline, "slow")).endsWith("no response within PT3S");
        assertThat(reason(timeline, "away")).contains("the request failed");
        assertThat(reason(timeline, "saga")).isEmpty();
        assertThat(reason(timeline, "inventory")).isEmpty();
        assertThat(timeline.get("truncated").toString())
                .isEqualTo("[{\"service\":\"inventory\",\"list\":\"delivery-incidents\",\"shown\":500}]");
    }

    @Test
    void many_messages_are_looked_up_in_several_requests() {
        String order = orders.place("u2");
        orders.execute("INSERT INTO outbox (aggregatetype, aggregateid, type, topic) SELECT 'order', '" + order
                + "', 'OrderConfirmed', 'order.confirmed' FROM generate_series(1, 120)");

        JsonNode timeline = orders.get("/orders/" + order + "/timeline").body();

        assertThat(timeline.get("data")).hasSizeGreaterThan(121 + 121);
        assertThat(IDS_ASKED_AT_ONCE).contains(50, 21).allMatch(ids -> ids <= 50);
    }

    @Test
    void a_long_saga_history_is_truncated_to_the_newest_steps() {
        String order = orders.place("u3");
        RETRIES.set(600);

        JsonNode timeline = orders.get("/orders/" + order + "/timeline").body();
        RETRIES.set(0);

        List<Integer> steps = new ArrayList<>();
        timeline.get("data").forEach(entry -> {
            if (entry.get("kind").asText().equals("saga-step")) {
                steps.add(entry.get("step").asInt());
            }
        });
        assertThat(steps).hasSize(500).startsWith(101).endsWith(600);
        assertThat(timeline.get("truncated").toString())
                .contains("{\"service\":\"saga\",\"list\":\"history\",\"shown\":500}");
    }

    @Test
    void timelines_over_the_concurrency_limit_wait_or_are_rejected_without_blocking_orders() {
        // A timeline takes until the timeout of the peer that does not respond.
        String order = orders.place("u4");

        List<CompletableFuture<Answer>> asked = IntStream.range(0, 24)
                .mapToObj(i -> orders.getLater("/orders/" + order + "/timeline"))
                .toList();
        List<String> placed =
                IntStream.range(0, 20).mapToObj(i -> orders.place("u4")).toList();
        boolean stillPending = asked.stream().anyMatch(each -> !each.isDone());
        List<Answer> answers = asked.stream().map(CompletableFuture::join).toList();

        assertThat(stillPending).isTrue();
        assertThat(placed).doesNotHaveDuplicates();
        assertThat(answers.stream().filter(answer -> answer.status() == 200)).hasSizeBetween(2, 6);
        assertThat(answers.stream().filter(answer -> answer.status() != 200))
                .hasSizeGreaterThanOrEqualTo(6)
                .allSatisfy(answer -> {
                    assertThat(answer.status()).isEqualTo(503);
                    assertThat(answer.header("Retry-After")).isEqualTo("1");
                    assertThat(answer.body().get("detail").asText()).contains("timelines");
                });
    }

    @Test
    void an_order_that_does_not_exist_has_no_timeline() {
        assertThat(orders.get("/orders/01998d2e-7c4f-7b31-9a52-3f6d1c0e8b24/timeline")
                        .status())
                .isEqualTo(404);
        assertThat(orders.get("/orders/not-an-id/timeline").status()).isEqualTo(404);
    }

    private static String reason(JsonNode timeline, String service) {
        for (JsonNode each : timeline.get("unavailable")) {
            if (each.get("service").asText().equals(service)) {
                return each.get("reason").asText();
            }
        }
        return "";
    }

    private static void saga(RoutingContext ctx) {
        assertThat(ctx.queryParam("obstacles")).containsExactly("false");
        JsonArray history = new JsonArray().add(step(0, "OrderCreated", "RESERVING_STOCK"));
        for (int retry = 1; retry <= RETRIES.get(); retry++) {
            history.add(step(retry, "DeadlinePassed", "RETRYING_COMPENSATION"));
        }
        ctx.json(new JsonObject().put("history", history));
    }

    private static JsonObject step(int number, String event, String state) {
        return new JsonObject()
                .put("at", at(10))
                .put("event", event)
                .put("state", state)
                .put("step", number);
    }

    private static void inbox(RoutingContext ctx) {
        IDS_ASKED_AT_ONCE.add(ctx.queryParam("id").size());
        JsonArray data = new JsonArray();
        ctx.queryParam("id")
                .forEach(id -> data.add(new JsonObject()
                        .put("messageId", id)
                        .put("consumer", "saga-service")
                        .put("topic", "order.created")
                        .put("partition", 0)
                        .put("offset", 7)
                        .put("attempts", 1)
                        .put("receivedAt", at(10))));
        list(ctx, data);
    }

    private static void deadLetters(RoutingContext ctx) {
        JsonArray data = new JsonArray();
        List.of(ctx.queryParam("key").getFirst(), "another order")
                .forEach(key -> data.add(
                        new JsonObject().put("key", key).put("lastAt", at(20)).put("reason", "NOT_JSON")));
        list(ctx, data);
    }

    private static void manyIncidents(RoutingContext ctx) {
        JsonArray data = new JsonArray();
        for (int i = 0; i < 500; i++) {
            data.add(new JsonObject().put("at", at(30 + i)).put("event", "parked"));
        }
        ctx.json(new JsonObject().put("data", data).put("nextCursor", "more"));
    }

    private static void list(RoutingContext ctx, JsonArray data) {
        ctx.json(new JsonObject().put("data", data));
    }

    private static String at(int seconds) {
        return LATER.plusSeconds(seconds).toString();
    }
}
