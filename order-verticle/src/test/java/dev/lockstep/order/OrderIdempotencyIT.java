package dev.lockstep.order;

import static dev.lockstep.order.OrderService.order;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.order.OrderService.Answer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderIdempotencyIT {
    private static final String KEY = "Idempotency-Key";

    // Small batches, so that requests with the same key are in flight on several connections concurrently.
    @RegisterExtension
    static final OrderService orders = OrderService.start(Map.of("RELAY_ENABLED", "false", "ORDER_INTAKE_BATCH", "4"));

    @Test
    void a_repeated_request_gets_the_first_answer_whatever_the_order_state() {
        Answer first = orders.post("/orders", order("u-repeat"), KEY, "repeat");
        String id = first.body().get("orderId").asText();
        orders.execute(
                "UPDATE orders SET status = 'CANCELLED', reason = 'TIMED_OUT', updated_at = now() + interval '1 hour'"
                        + " WHERE order_id = '" + id + "'");

        Answer second = orders.post("/orders", order("u-repeat").replace(":", " : "), KEY, "repeat");

        assertThat(second.status()).isEqualTo(202);
        assertThat(second.header("Location")).isEqualTo(first.header("Location"));
        assertThat(second.response().body()).isEqualTo(first.response().body());
        assertThat(orders.outbox(id)).containsExactly("OrderCreated");
    }

    @Test
    void reusing_a_key_for_another_request_is_rejected() {
        orders.post("/orders", order("u-first"), KEY, "reused");

        Answer other = orders.post("/orders", order("u-other"), KEY, "reused");

        assertThat(other.status()).isEqualTo(422);
        assertThat(other.header("Content-Type")).startsWith("application/problem+json");
        assertThat(orders.query("SELECT user_id FROM orders WHERE idempotency_key = 'reused'"))
                .containsExactly("u-first");
    }

    @Test
    void requests_without_a_key_create_separate_orders() {
        assertThat(orders.place("u-none")).isNotEqualTo(orders.place("u-none"));
    }

    @Test
    void concurrent_requests_with_one_key_create_one_order() {
        List<CompletableFuture<Answer>> answers = IntStream.range(0, 48)
                .mapToObj(i -> orders.postLater("/orders", order("u-race"), KEY, "race"))
                .toList();

        assertThat(answers)
                .extracting(CompletableFuture::join)
                .allSatisfy(answer -> assertThat(answer.status()).isEqualTo(202))
                .extracting(answer -> answer.response().body())
                .containsOnly(answers.getFirst().join().response().body());
        assertThat(orders.query("SELECT order_id FROM orders WHERE user_id = 'u-race'"))
                .hasSize(1);
        assertThat(orders.query("SELECT id FROM outbox WHERE convert_from(payload, 'UTF8') LIKE '%u-race%'"))
                .hasSize(1);
    }

    @Test
    void many_keys_in_any_order_create_one_order_each() {
        List<String> keys = new ArrayList<>();
        IntStream.range(0, 300).forEach(i -> keys.add("many-" + i % 30));
        Collections.shuffle(keys, new Random(7));

        List<CompletableFuture<Answer>> answers = keys.stream()
                .map(key -> orders.postLater("/orders", order("u-" + key), KEY, key))
                .toList();

        assertThat(answers).extracting(answer -> answer.join().status()).containsOnly(202);
        assertThat(orders.query("SELECT order_id FROM orders WHERE user_id LIKE 'u-many-%'"))
                .hasSize(30);
    }
}
