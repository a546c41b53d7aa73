package dev.lockstep.order;

import static dev.lockstep.order.OrderService.order;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.testing.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The role of the service can no longer log in while the service runs, for example after a password change. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class DatabaseLoginFailureIT {
    @RegisterExtension
    final TestDatabase database = new TestDatabase("orders");

    @Test
    void every_order_route_answers_503_with_retry_after_until_the_login_works_again() {
        String role = database.name() + "_login";
        database.server().execute("CREATE ROLE " + role + " SUPERUSER LOGIN PASSWORD 'secret'");
        try (OrderService orders =
                OrderService.start(database, Map.of("POSTGRES_USER", role, "POSTGRES_PASSWORD", "secret"))) {
            String id = orders.place("u-login");

            database.server().execute("ALTER ROLE " + role + " NOLOGIN");
            database.server()
                    .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + role + "'");

            await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
                OrderService.Answer refused = orders.post("/orders", order("u-login"));
                assertThat(refused.status()).isEqualTo(503);
                assertThat(refused.body().get("detail").asText()).contains("The order was not accepted");
            });
            for (OrderService.Answer answer : List.of(
                    orders.post("/orders", order("u-login")),
                    orders.get("/orders/" + id),
                    orders.get("/orders"),
                    orders.get("/outbox"),
                    orders.get("/dead-letters"),
                    orders.get("/parked-messages"),
                    orders.post("/orders/" + id + "/cancel", ""))) {
                assertThat(answer.status()).isEqualTo(503);
                assertThat(answer.header("Retry-After")).isEqualTo("1");
            }

            database.server().execute("ALTER ROLE " + role + " LOGIN");
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> orders.post("/orders", order("u-login")).status() == 202);
        }
    }
}
