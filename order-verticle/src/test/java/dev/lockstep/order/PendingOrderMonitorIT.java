package dev.lockstep.order;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.testing.TestDatabase;
import dev.lockstep.testing.TestIssuer;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import io.vertx.junit5.VertxExtension;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Orders that stay PENDING, and a saga service that has sagas for some of them. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@ExtendWith(VertxExtension.class)
class PendingOrderMonitorIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Set<String> SAGAS = ConcurrentHashMap.newKeySet();

    private static int sagaPort;

    private static volatile boolean signIn;

    @RegisterExtension
    final TestDatabase database = new TestDatabase("orders");

    @BeforeAll
    static void startSaga(Vertx vertx) {
        Router router = Router.router(vertx);
        router.get("/sagas/:id").handler(ctx -> {
            String authorization = ctx.request().getHeader("Authorization");
            if (signIn && (authorization == null || !authorization.startsWith("Bearer "))) {
                ctx.response().setStatusCode(401).end();
            } else if (SAGAS.contains(ctx.pathParam("id"))) {
                ctx.response().putHeader("Content-Type", "application/json").end("{}");
            } else {
                ctx.response().setStatusCode(404).end();
            }
        });
        HttpServer server =
                await(vertx.createHttpServer().requestHandler(router).listen(0, "127.0.0.1"));
        sagaPort = server.actualPort();
    }

    @Test
    void the_oldest_age_is_a_metric_and_the_warning_counts_orders_without_a_saga() {
        try (OrderService orders = start("PEERS", "saga=http://127.0.0.1:" + sagaPort)) {
            assertThat(orders.metric("lockstep_orders_oldest_pending_seconds")).isZero();
            assertThat(check(orders).path("warning").isMissingNode()).isTrue();
            String known = orders.place("u-1");
            SAGAS.add(known);
            orders.place("u-1");

            await().atMost(SOON)
                    .untilAsserted(
                            () -> assertThat(check(orders).path("warning").asText())
                                    .startsWith(
                                            "orders PENDING for more than PT1S (ORDER_PENDING_WARNING_AFTER): 2; the oldest, "
                                                    + known + ", for ")
                                    .contains("the saga service has no saga for 1 of them"));
            assertThat(check(orders).path("status").asText()).isEqualTo("UP");
            assertThat(orders.metric("lockstep_orders_oldest_pending_seconds")).isGreaterThan(1);
            assertThat(orders.metric("lockstep_orders_without_saga")).isEqualTo(1);

            orders.execute("UPDATE orders SET status = 'CANCELLED', reason = 'TIMED_OUT'");

            await().atMost(SOON)
                    .untilAsserted(
                            () -> assertThat(check(orders).path("warning").isMissingNode())
                                    .isTrue());
            assertThat(orders.metric("lockstep_orders_oldest_pending_seconds")).isZero();
        }
    }

    @Test
    void the_warning_says_when_the_saga_service_is_unavailable() {
        try (OrderService orders = start("PEERS", "")) {
            orders.place("u-1");

            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(
                                    check(orders).path("warning").asText())
                            .startsWith(
                                    "orders PENDING for more than PT1S (ORDER_PENDING_WARNING_AFTER): 1; the oldest, ")
                            .endsWith("whether they have sagas is unknown: PEERS does not include the saga service"));
            assertThat(orders.metric("lockstep_orders_without_saga")).isNaN();
        }
    }

    @Test
    void a_saga_service_with_sign_in_is_asked_with_a_token_of_this_service() {
        try (TestIssuer issuer = new TestIssuer()) {
            signIn = true;
            Map<String, String> settings = new HashMap<>(issuer.settings());
            settings.putAll(Map.of(
                    "ORDER_PENDING_WARNING_AFTER",
                    "PT1S",
                    "PEERS",
                    "saga=http://127.0.0.1:" + sagaPort,
                    "PEERS_CLIENT_ID",
                    TestIssuer.CLIENT_ID,
                    "PEERS_CLIENT_SECRET",
                    TestIssuer.CLIENT_SECRET));
            try (OrderService orders = OrderService.start(database, settings)) {
                String token = "Bearer " + issuer.token("u-1", "orders:write");
                await().until(() -> orders.post("/orders", OrderService.order("u-1"), "Authorization", token)
                                .status()
                        == 202);

                await().atMost(SOON)
                        .untilAsserted(
                                () -> assertThat(check(orders).path("warning").asText())
                                        .contains("the saga service has no saga for 1 of them"));
            }
        } finally {
            signIn = false;
        }
    }

    @Test
    void the_oldest_orders_are_found_by_an_index_scan() throws SQLException {
        try (OrderService orders = OrderService.start(database, Map.of())) {
            orders.execute("""
                    INSERT INTO orders (order_id, user_id, items, status, reason, traceparent)
                    SELECT ('01999999-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'u', '[]',
                           CASE WHEN i % 20 = 0 THEN 'PENDING' ELSE 'CANCELLED' END,
                           CASE WHEN i % 20 <> 0 THEN 'TIMED_OUT' END, ''
                      FROM generate_series(1, 50000) AS i
                    """);
            orders.execute("ANALYZE orders");
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                statement.execute("SET plan_cache_mode = force_generic_plan");
                statement.execute("PREPARE oldest AS " + OrderStore.OLDEST_PENDING);
                StringBuilder plan = new StringBuilder();
                try (ResultSet rows = statement.executeQuery("EXPLAIN (COSTS OFF) EXECUTE oldest (10)")) {
                    while (rows.next()) {
                        plan.append(rows.getString(1)).append('\n');
                    }
                }

                assertThat(plan.toString())
                        .contains("Index Scan using orders_status")
                        .doesNotContain("Seq Scan");
            }
        }
    }

    private OrderService start(String setting, String value) {
        return OrderService.start(database, Map.of("ORDER_PENDING_WARNING_AFTER", "PT1S", setting, value));
    }

    private static JsonNode check(OrderService orders) {
        for (JsonNode check : orders.get("/health/ready").body().get("checks")) {
            if (check.get("name").asText().equals("orders")) {
                return check;
            }
        }
        throw new AssertionError("there is no check named orders");
    }
}
