package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.local.ApiClient.Stock;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills the whole system twice under load with {@code kill -9}, then checks that orders, stock and money are consistent. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@Tag("slow")
class CrashIT {
    private static final int CLIENTS = 4;
    private static final int ORDERS_BEFORE_A_KILL = 250;
    private static final int MAX_ORDERS_PER_CLIENT = 5_000;
    private static final Map<String, Long> PRODUCTS = Map.of("plenty", 1_000_000L, "scarce", 60L);
    private static final Map<String, Long> DEPOSITS =
            Map.of("rich", 1_000_000_000L, "modest", 100_000L, "other", 1_000_000_000L);
    // Commands in flight at the kill are retried after this time instead of minutes.
    private static final Map<String, String> SETTINGS =
            Map.of("SAGA_STOCK_DEADLINE", "PT20S", "SAGA_PAYMENT_DEADLINE", "PT20S");

    @TempDir
    Path data;

    @Test
    void a_kill_loses_and_duplicates_nothing_and_orphaned_servers_are_stopped() throws Exception {
        Set<String> accepted = ConcurrentHashMap.newKeySet();

        try (LockstepProcess first = LockstepProcess.start(data, SETTINGS);
                ApiClient api = new ApiClient(first)) {
            PRODUCTS.forEach((product, available) -> api.product(product, 1_000, available));
            DEPOSITS.forEach(api::deposit);
            placeOrdersUntilKilled(first, api, accepted);
        }
        try (LockstepProcess second = LockstepProcess.start(data, SETTINGS);
                ApiClient api = new ApiClient(second)) {
            assertThat(second.output()).contains("was left running by an earlier run and has been stopped");
            placeOrdersUntilKilled(second, api, accepted);
        }
        try (LockstepProcess third = LockstepProcess.start(data, SETTINGS);
                ApiClient api = new ApiClient(third)) {
            assertThat(third.output()).contains("was left running by an earlier run and has been stopped");
            assertThat(accepted).hasSizeGreaterThanOrEqualTo(2 * ORDERS_BEFORE_A_KILL);

            Map<String, JsonNode> orders = awaitEnds(api);

            assertThat(orders.keySet()).as("orders accepted with 202").containsAll(accepted);
            assertThat(orders.values().stream().map(ApiClient::outcome).collect(Collectors.toSet()))
                    .as("outcomes of the orders")
                    .contains("CONFIRMED", "OUT_OF_STOCK", "PAYMENT_DECLINED", "CANCELLED_BY_CUSTOMER");
            assertStockBalances(api, orders);
            assertMoneyBalances(api, orders);
            assertChargedOnce(api, orders);
            assertOneOutcomePerOrder(third, orders);
            assertAuditPasses(third, accepted);
            assertThat(third.stop()).isZero();
        }
        assertThat(AuditCommand.run(data)).as("audit of the stopped system").satisfies(CrashIT::holds);
    }

    private void assertAuditPasses(LockstepProcess lockstep, Set<String> accepted) throws IOException, SQLException {
        Path ids = Files.write(data.resolve("accepted"), accepted);
        assertThat(AuditCommand.run(data, "--accepted", ids.toString())).satisfies(CrashIT::holds);

        execute(lockstep, "UPDATE product SET reserved = reserved + 1 WHERE product_id = 'plenty'");
        AuditCommand tampered = AuditCommand.run(data, "--only", "stock");
        assertThat(tampered.exitCode()).as(tampered.output()).isEqualTo(1);
        assertThat(tampered.output()).contains("✗ product plenty", "Broken: stock (2)");
        execute(lockstep, "UPDATE product SET reserved = reserved - 1 WHERE product_id = 'plenty'");
    }

    private static void holds(AuditCommand audit) {
        assertThat(audit.exitCode()).as(audit.output()).isZero();
        assertThat(audit.output()).contains("All checks hold");
    }

    private static void execute(LockstepProcess lockstep, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(lockstep.jdbcUrl("inventory"));
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    // Several clients place orders until the process is killed, which happens once enough orders were accepted.
    private static void placeOrdersUntilKilled(LockstepProcess lockstep, ApiClient api, Set<String> accepted) {
        AtomicInteger acceptedHere = new AtomicInteger();
        List<Thread> clients = IntStream.range(0, CLIENTS)
                .mapToObj(n -> Thread.ofPlatform().name("client-" + n).start(() -> {
                    Random dice = new Random(n);
                    for (int order = 0; order < MAX_ORDERS_PER_CLIENT && post(api, dice, accepted); order++) {
                        acceptedHere.incrementAndGet();
                    }
                }))
                .toList();
        Awaitility.await("orders to be accepted")
                .atMost(ApiClient.TIMEOUT)
                .pollInterval(Duration.ofMillis(5))
                .until(() -> acceptedHere.get() >= ORDERS_BEFORE_A_KILL);
        lockstep.kill();
        clients.forEach(client -> {
            try {
                client.join();
            } catch (InterruptedException cause) {
                Thread.currentThread().interrupt();
            }
        });
    }

    // Returns false once the service no longer answers.
    private static boolean post(ApiClient api, Random dice, Set<String> accepted) {
        String user = List.copyOf(DEPOSITS.keySet()).get(dice.nextInt(DEPOSITS.size()));
        String product = dice.nextInt(10) == 0 ? "scarce" : "plenty";
        try {
            HttpResponse<String> answer = api.tryOrder(user, product, 1 + dice.nextInt(5));
            if (answer.statusCode() != 202) {
                return false;
            }
            String orderId = ApiClient.read(answer).get("orderId").asText();
            accepted.add(orderId);
            if (dice.nextInt(10) == 0) {
                api.send("POST", Service.ORDER, "/orders/" + orderId + "/cancel", "");
            }
            return true;
        } catch (RuntimeException killed) {
            return false;
        }
    }

    // Returns all orders, including those whose 202 response was lost in the kill.
    private static Map<String, JsonNode> awaitEnds(ApiClient api) {
        Awaitility.await("every order and every saga to end")
                .atMost(Duration.ofMinutes(3))
                .pollInterval(Duration.ofMillis(500))
                .ignoreExceptions()
                .until(() -> api.list(Service.ORDER, "/orders?status=PENDING&limit=500")
                                .isEmpty()
                        && api.list(Service.SAGA, "/sagas?limit=500").stream()
                                .allMatch(saga -> saga.get("state").asText().matches("CONFIRMED|CANCELLED")));
        Map<String, JsonNode> orders = new HashMap<>();
        for (JsonNode order : api.list(Service.ORDER, "/orders?limit=500")) {
            orders.put(order.get("orderId").asText(), order);
        }
        return orders;
    }

    private static void assertStockBalances(ApiClient api, Map<String, JsonNode> orders) {
        PRODUCTS.forEach((product, putIn) -> {
            long confirmed = orders.values().stream()
                    .filter(CrashIT::isConfirmed)
                    .flatMap(order -> StreamSupport.stream(order.get("items").spliterator(), false))
                    .filter(item -> item.get("productId").asText().equals(product))
                    .mapToLong(item -> item.get("qty").asLong())
                    .sum();
            assertThat(api.stock(product)).as(product).isEqualTo(new Stock(putIn - confirmed, confirmed));
        });
    }

    private static void assertMoneyBalances(ApiClient api, Map<String, JsonNode> orders) {
        DEPOSITS.forEach((user, deposit) -> {
            long charged = orders.values().stream()
                    .filter(CrashIT::isConfirmed)
                    .filter(order -> order.get("userId").asText().equals(user))
                    .mapToLong(order -> order.get("total").get("amount").asLong())
                    .sum();
            assertThat(api.balance(user)).as("balance of " + user).isEqualTo(deposit - charged);
        });
        assertThat(api.get(Service.PAYMENT, "/ledger/summary").toString())
                .contains("\"balanced\":true")
                .doesNotContain("\"balanced\":false");
    }

    private static void assertChargedOnce(ApiClient api, Map<String, JsonNode> orders) {
        orders.forEach((orderId, order) -> {
            if (isConfirmed(order)) {
                JsonNode payment = api.get(Service.PAYMENT, "/payments/" + orderId);
                assertThat(payment.get("status").asText()).as(orderId).isEqualTo("CHARGED");
                assertThat(payment.get("amount")).as(orderId).isEqualTo(order.get("total"));
            }
        });
    }

    // Records may be repeated, but no order may have both outcomes.
    private static void assertOneOutcomePerOrder(LockstepProcess lockstep, Map<String, JsonNode> orders) {
        Map<String, Set<String>> ends = new HashMap<>();
        for (String topic : List.of("order.confirmed", "order.cancelled")) {
            for (ConsumerRecord<String, String> record : TopicClient.read(lockstep.bootstrapServers(), topic)) {
                ends.computeIfAbsent(record.key(), key -> new HashSet<>()).add(topic);
            }
        }
        Map<String, Set<String>> expected = new HashMap<>();
        orders.forEach((orderId, order) ->
                expected.put(orderId, Set.of(isConfirmed(order) ? "order.confirmed" : "order.cancelled")));
        assertThat(ends).isEqualTo(expected);
    }

    private static boolean isConfirmed(JsonNode order) {
        return order.get("status").asText().equals("CONFIRMED");
    }
}
