package dev.lockstep.order;

import static dev.lockstep.order.OrderService.order;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.order.OrderService.Answer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderApiIT {
    private static final String TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    private static final String OTHER_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    @RegisterExtension
    static final OrderService orders = OrderService.start(Map.of("RELAY_ENABLED", "false"));

    @Nested
    class when_an_order_is_placed {
        @Test
        void it_is_answered_as_pending_with_its_location() {
            Answer answer = orders.post(
                    "/orders",
                    "{\"userId\":\"u123\",\"items\":[{\"productId\":\"p1\",\"qty\":2},{\"productId\":\"사과\",\"qty\":1}]}");

            String id = answer.body().get("orderId").asText();
            String createdAt = answer.body().get("createdAt").asText();
            assertThat(answer.status()).isEqualTo(202);
            assertThat(answer.header("Location")).isEqualTo("/orders/" + id);
            assertThat(UUID.fromString(id).version()).isEqualTo(7);
            assertThat(Instant.parse(createdAt)).isBefore(Instant.now().plusSeconds(60));
            assertThat(answer.body().toString()).isEqualTo("""
                            {"orderId":"%s","userId":"u123","items":[{"productId":"p1","qty":2},{"productId":"사과","qty":1}],\
                            "status":"PENDING","createdAt":"%s","updatedAt":"%s"}""".formatted(id, createdAt, createdAt));
        }

        @Test
        void it_is_durable_together_with_its_message_by_the_time_of_the_answer() {
            String id = orders.place("u-durable");

            assertThat(orders.query("SELECT status FROM orders WHERE order_id = '" + id + "'"))
                    .containsExactly("PENDING");
            assertThat(orders.query("SELECT concat_ws(' ', aggregatetype, type, topic, convert_from(payload, 'UTF8'))"
                            + " FROM outbox WHERE aggregateid = '" + id + "'"))
                    .containsExactly("order OrderCreated order.created {\"orderId\":\"" + id
                            + "\",\"userId\":\"u-durable\",\"items\":[{\"productId\":\"p1\",\"qty\":1}]}");
        }

        @Test
        void it_can_be_read_back_as_it_was_answered() {
            Answer placed = orders.post("/orders", order("u-read"));

            Answer read = orders.get(placed.header("Location"));

            assertThat(read.status()).isEqualTo(200);
            assertThat(read.body()).isEqualTo(placed.body());
        }

        @Test
        void its_message_belongs_to_the_trace_of_the_request() {
            Answer answer = orders.post("/orders", order("u-trace"), "traceparent", TRACE);

            assertThat(traces(answer)).containsExactly(TRACE);
        }

        @Test
        void a_request_without_a_trace_starts_one() {
            Answer answer = orders.post("/orders", order("u-trace"), "traceparent", "nonsense");

            assertThat(traces(answer)).singleElement().asString().matches("00-[0-9a-f]{32}-[0-9a-f]{16}-01");
        }
    }

    @Nested
    class when_a_request_is_not_valid {
        @Test
        void every_invalid_field_is_reported() {
            Answer answer = orders.post(
                    "/orders",
                    "{\"items\":[{\"productId\":\"p1\",\"qty\":0}],\"coupon\":\"x\"}",
                    "Idempotency-Key",
                    "two words");

            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.header("Content-Type")).startsWith("application/problem+json");
            assertThat(answer.body().get("errors").findValuesAsText("field"))
                    .containsExactly("coupon", "userId", "items[0].qty", "Idempotency-Key");
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "{", "{\"userId\":\"u1\",\"userId\":\"u2\"}", "{} {}", "nonsense"})
        void a_body_that_is_not_json_is_refused(String body) {
            Answer answer = orders.post("/orders", body);

            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.header("Content-Type")).startsWith("application/problem+json");
        }

        @Test
        void a_body_of_another_content_type_is_rejected() {
            assertThat(orders.postAs("text/plain", "/orders", order("u1")).status())
                    .isEqualTo(415);
        }

        @Test
        void a_body_that_is_too_large_is_refused() {
            assertThat(orders.post("/orders", order("x".repeat(300 * 1024))).status())
                    .isEqualTo(413);
        }

        @Test
        void nothing_is_written() {
            String before = orders.query("SELECT count(*) FROM orders").getFirst();

            orders.post("/orders", order(" "));

            assertThat(orders.query("SELECT count(*) FROM orders")).containsExactly(before);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0199f0a0-0000-7000-8000-000000000000", "1-1-1-1-1", "nonsense", "%F0%9F%98%80"})
    void an_order_that_does_not_exist_is_not_found(String id) {
        assertThat(orders.get("/orders/" + id).status()).isEqualTo(404);
        assertThat(orders.post("/orders/" + id + "/cancel", "").status()).isEqualTo(404);
    }

    @Nested
    class when_orders_are_listed {
        @Test
        void pages_follow_each_other_from_the_newest_to_the_oldest_without_a_gap() {
            List<String> placed = new ArrayList<>(
                    IntStream.range(0, 7).mapToObj(i -> orders.place("u-pages")).toList());
            // An order with another status must be listed between the others.
            confirm(placed.get(3));

            List<String> listed = new ArrayList<>();
            List<Integer> sizes = new ArrayList<>();
            String next = "";
            do {
                JsonNode page =
                        orders.get("/orders?userId=u-pages&limit=3" + next).body();
                sizes.add(page.get("data").size());
                listed.addAll(page.get("data").findValuesAsText("orderId"));
                next = page.has("nextCursor")
                        ? "&cursor=" + page.get("nextCursor").asText()
                        : "";
            } while (!next.isEmpty() && sizes.size() < 10);

            assertThat(listed).isEqualTo(placed.reversed());
            assertThat(sizes).containsExactly(3, 3, 1);
        }

        @Test
        void a_full_last_page_has_no_next() {
            orders.place("u-full");
            orders.place("u-full");

            JsonNode page = orders.get("/orders?userId=u-full&limit=2").body();

            assertThat(page.get("data")).hasSize(2);
            assertThat(page.has("nextCursor")).isFalse();
        }

        @Test
        void the_list_can_be_filtered_by_status() {
            String pending = orders.place("u-status");
            String confirmed = orders.place("u-status");
            confirm(confirmed);

            Answer ofUser = orders.get("/orders?userId=u-status&status=CONFIRMED");
            Answer ofAll = orders.get("/orders?status=CONFIRMED&limit=500");

            assertThat(ofUser.body().findValuesAsText("orderId")).containsExactly(confirmed);
            assertThat(ofUser.body().get("data").get(0).get("total").toString())
                    .isEqualTo("{\"amount\":2000,\"currency\":\"KRW\"}");
            assertThat(ofAll.body().findValuesAsText("orderId"))
                    .contains(confirmed)
                    .doesNotContain(pending);
        }

        @Test
        void a_list_without_matches_is_empty() {
            Answer answer = orders.get("/orders?userId=unknown");

            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.body().toString()).isEqualTo("{\"data\":[]}");
        }

        @ParameterizedTest
        @CsvSource({
            "limit=0, limit",
            "limit=501, limit",
            "limit=x, limit",
            "status=pending, status",
            "status=, status",
            "cursor=nonsense, cursor"
        })
        void an_invalid_parameter_is_reported(String query, String field) {
            Answer answer = orders.get("/orders?" + query);

            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.body().findValuesAsText("field")).containsExactly(field);
        }

        @Test
        void all_invalid_parameters_are_reported_at_once() {
            Answer answer = orders.get("/orders?status=FOO&limit=0&cursor=nonsense");

            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.body().findValuesAsText("field")).containsExactlyInAnyOrder("status", "limit", "cursor");
        }
    }

    @Nested
    class when_an_order_is_cancelled {
        @Test
        void a_pending_order_accepts_it_and_notifies_the_saga_in_the_trace_of_the_order() {
            Answer placed = orders.post("/orders", order("u-cancel"), "traceparent", TRACE);
            String id = placed.body().get("orderId").asText();

            Answer answer = orders.post("/orders/" + id + "/cancel", "");

            assertThat(answer.status()).isEqualTo(202);
            assertThat(answer.body().get("status").asText()).isEqualTo("PENDING");
            assertThat(orders.outbox(id)).containsExactly("OrderCreated", "OrderCancelRequested");
            assertThat(traces(placed)).containsExactly(TRACE, TRACE);
        }

        @Test
        void the_trace_of_the_cancel_request_is_used() {
            Answer placed = orders.post("/orders", order("u-cancel"), "traceparent", TRACE);

            orders.post(placed.header("Location") + "/cancel", "", "traceparent", OTHER_TRACE);

            assertThat(traces(placed)).containsExactly(TRACE, OTHER_TRACE);
        }

        @Test
        void a_repeated_request_gets_the_same_answer_and_sends_nothing() {
            String id = orders.place("u-cancel");
            Answer first = orders.post("/orders/" + id + "/cancel", "");

            Answer second = orders.post("/orders/" + id + "/cancel", "");

            assertThat(second.status()).isEqualTo(202);
            assertThat(second.body()).isEqualTo(first.body());
            assertThat(orders.outbox(id)).containsExactly("OrderCreated", "OrderCancelRequested");
        }

        @Test
        void a_cancelled_order_is_returned_unchanged() {
            String id = orders.place("u-cancel");
            orders.execute(
                    "UPDATE orders SET status = 'CANCELLED', reason = 'TIMED_OUT' WHERE order_id = '" + id + "'");

            Answer answer = orders.post("/orders/" + id + "/cancel", "");

            assertThat(answer.status()).isEqualTo(202);
            assertThat(answer.body().get("status").asText()).isEqualTo("CANCELLED");
            assertThat(answer.body().get("reason").asText()).isEqualTo("TIMED_OUT");
            assertThat(orders.outbox(id)).containsExactly("OrderCreated");
        }

        @Test
        void a_confirmed_order_rejects_it() {
            String id = orders.place("u-cancel");
            confirm(id);

            Answer answer = orders.post("/orders/" + id + "/cancel", "");

            assertThat(answer.status()).isEqualTo(409);
            assertThat(orders.outbox(id)).containsExactly("OrderCreated");
        }
    }

    private static void confirm(String id) {
        orders.execute("UPDATE orders SET status = 'CONFIRMED', total_amount = 2000, total_currency = 'KRW'"
                + " WHERE order_id = '" + id + "'");
    }

    private static List<String> traces(Answer placed) {
        return orders.query("SELECT traceparent FROM outbox WHERE aggregateid = '"
                + placed.body().get("orderId").asText() + "' ORDER BY id");
    }
}
