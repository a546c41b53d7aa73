package dev.lockstep.order;

import static dev.lockstep.order.OrderService.order;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.order.OrderService.Answer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderGroupCommitIT {
    @Test
    void concurrent_orders_are_durable_with_their_messages_when_answered() {
        try (OrderService orders = OrderService.start(Map.of("RELAY_ENABLED", "false"))) {
            List<CompletableFuture<Answer>> answers = IntStream.range(0, 500)
                    .mapToObj(i -> orders.postLater("/orders", order("u-" + i)))
                    .toList();

            List<String> ids = answers.stream()
                    .map(CompletableFuture::join)
                    .map(answer -> answer.body().get("orderId").asText())
                    .toList();
            assertThat(orders.query("SELECT order_id FROM orders")).containsExactlyInAnyOrderElementsOf(ids);
            assertThat(orders.query("SELECT aggregateid FROM outbox WHERE type = 'OrderCreated'"))
                    .containsExactlyInAnyOrderElementsOf(ids);
            assertThat(orders.query("SELECT count(DISTINCT xid) < count(*) FROM outbox"))
                    .containsExactly("t");
        }
    }

    @Test
    void an_invalid_order_in_a_batch_does_not_fail_the_others() {
        // One write in flight, so that the following orders share the next writes.
        try (OrderService orders =
                OrderService.start(Map.of("RELAY_ENABLED", "false", "ORDER_INTAKE_CONNECTIONS", "1"))) {
            orders.execute("ALTER TABLE orders ADD CONSTRAINT not_bad CHECK (user_id <> 'bad')");

            List<CompletableFuture<Answer>> answers = IntStream.range(0, 100)
                    .mapToObj(i -> orders.postLater("/orders", order(i % 10 == 0 ? "bad" : "good")))
                    .toList();

            List<Integer> statuses =
                    answers.stream().map(answer -> answer.join().status()).toList();
            assertThat(statuses)
                    .isEqualTo(IntStream.range(0, 100)
                            .mapToObj(i -> i % 10 == 0 ? 500 : 202)
                            .toList());
            assertThat(orders.query("SELECT order_id FROM orders")).hasSize(90);
            assertThat(orders.query("SELECT id FROM outbox")).hasSize(90);
        }
    }

    @Test
    void orders_are_rejected_while_the_database_is_unavailable_and_accepted_afterwards(@TempDir Path folder) {
        LocalPostgres postgres = LocalPostgres.start(folder, 0);
        int port = postgres.port();
        postgres.createDatabase("orders");
        OrderService orders = OrderService.start(
                postgres.uri("orders"), postgres.jdbcUrl("orders"), Map.of("RELAY_ENABLED", "false"));
        try (orders) {
            String before = orders.place("u-before");
            postgres.close();

            Answer refused = orders.post("/orders", order("u-refused"));
            postgres = LocalPostgres.start(folder, port);
            Answer accepted = await().atMost(Duration.ofSeconds(30))
                    .until(() -> orders.post("/orders", order("u-accepted")), answer -> answer.status() == 202);

            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.header("Retry-After")).isEqualTo("1");
            assertThat(refused.header("Content-Type")).startsWith("application/problem+json");
            assertThat(orders.query("SELECT order_id FROM orders WHERE user_id <> 'u-refused'"))
                    .containsExactlyInAnyOrder(
                            before, accepted.body().get("orderId").asText());
        } finally {
            postgres.close();
        }
    }
}
