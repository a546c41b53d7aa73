package dev.lockstep.order;

import static dev.lockstep.order.OrderService.order;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.order.OrderService.Answer;
import dev.lockstep.testing.TestDatabase;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ReplicationSlotMonitorIT {
    private static final Duration SOON = Duration.ofSeconds(30);

    @RegisterExtension
    final TestDatabase database = new TestDatabase("orders");

    private final String slot = database.name() + "_outbox";

    @Test
    void orders_are_rejected_before_an_unread_slot_fills_the_disk_and_accepted_once_it_is_read() {
        Map<String, String> limits = Map.of("RELAY_SLOT_WARN_BYTES", "20000000", "RELAY_SLOT_REFUSE_BYTES", "40000000");
        try (OrderService orders = OrderService.start(database, with(limits, "RELAY_ENABLED", "false"))) {
            orders.execute("SELECT pg_create_logical_replication_slot('" + slot + "', 'pgoutput')");
            String before = orders.place("u-1");

            write(orders, 25_000);
            await().atMost(SOON)
                    .untilAsserted(
                            () -> assertThat(slotCheck(orders).path("warning").asText())
                                    .contains(slot, "bytes of WAL", "warning from 20000000 bytes"));
            assertThat(slotCheck(orders).path("status").asText()).isEqualTo("UP");
            assertThat(orders.post("/orders", order("u-1")).status()).isEqualTo(202);
            write(orders, 25_000);

            await().atMost(SOON)
                    .until(() -> orders.post("/orders", order("u-1")).status() == 503);
            Answer refused = orders.post("/orders", order("u-1"));
            assertThat(refused.header("Content-Type")).isEqualTo("application/problem+json");
            assertThat(refused.header("Retry-After")).isEqualTo("5");
            assertThat(refused.body().get("detail").asText())
                    .containsPattern("replication slot " + slot
                            + " keeps [0-9]{8} bytes of WAL, new work is refused from 40000000 bytes");
            assertThat(orders.get("/orders/" + before).status()).isEqualTo(200);
            assertThat(orders.post("/orders/" + before + "/cancel", "").status())
                    .isEqualTo(202);

            // A relay reads the slot.
            try (OrderService relaying = OrderService.start(database, limits)) {
                await().atMost(SOON).untilAsserted(() -> {
                    orders.execute("CHECKPOINT");
                    assertThat(orders.post("/orders", order("u-1")).status()).isEqualTo(202);
                    assertThat(relaying.post("/orders", order("u-1")).status()).isEqualTo(202);
                });
            }
            orders.execute("SELECT pg_drop_replication_slot('" + slot + "')");
        }
    }

    @Test
    void the_wal_status_is_a_metric_and_part_of_the_warning() {
        try (OrderService orders =
                OrderService.start(database, Map.of("RELAY_ENABLED", "false", "RELAY_SLOT_WARN_BYTES", "20000000"))) {
            assertThat(walStatus(orders)).isEmpty();
            orders.execute("SELECT pg_create_logical_replication_slot('" + slot + "', 'pgoutput')");
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(walStatus(orders)).isEqualTo("reserved"));

            orders.execute("ALTER SYSTEM SET max_wal_size = '32MB'");
            orders.execute("SELECT pg_reload_conf()");
            try {
                write(orders, 100_000);

                await().atMost(SOON).untilAsserted(() -> {
                    assertThat(walStatus(orders)).isEqualTo("extended");
                    assertThat(slotCheck(orders).path("warning").asText())
                            .contains("bytes of WAL (wal_status extended), warning from 20000000 bytes");
                });
            } finally {
                orders.execute("ALTER SYSTEM RESET max_wal_size");
                orders.execute("SELECT pg_reload_conf()");
            }
            orders.execute("SELECT pg_drop_replication_slot('" + slot + "')");
        }
    }

    @Test
    void a_lost_slot_is_reported_until_a_relay_replaces_it() {
        try (OrderService orders = OrderService.start(database, Map.of("RELAY_ENABLED", "false"))) {
            orders.execute("SELECT pg_create_logical_replication_slot('" + slot + "', 'pgoutput')");

            lose(orders, slot);

            await().atMost(SOON).untilAsserted(() -> {
                assertThat(orders.get("/health/ready").status()).isEqualTo(503);
                assertThat(slotCheck(orders).path("status").asText()).isEqualTo("DOWN");
                assertThat(slotCheck(orders).path("problem").asText())
                        .isEqualTo("slot " + slot
                                + " is lost (wal_removed): the missed rows are sent from the table once a relay"
                                + " replaces it");
                assertThat(walStatus(orders)).isEqualTo("lost");
            });
            try (OrderService relaying = OrderService.start(database, Map.of())) {
                await().atMost(SOON).untilAsserted(() -> {
                    assertThat(relaying.get("/health/ready").status()).isEqualTo(200);
                    assertThat(slotCheck(orders).path("status").asText()).isEqualTo("UP");
                });
            }
            orders.execute("SELECT pg_drop_replication_slot('" + slot + "')");
        }
    }

    // Invalidates the slot with max_slot_wal_keep_size: the server removes WAL that the slot still needs.
    private static void lose(OrderService orders, String slot) {
        orders.execute("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
        orders.execute("SELECT pg_reload_conf()");
        try {
            await().atMost(SOON).until(() -> {
                write(orders, 1_000);
                orders.execute("SELECT pg_switch_wal()");
                orders.execute("CHECKPOINT");
                return orders.query("SELECT wal_status FROM pg_replication_slots WHERE slot_name = '" + slot + "'")
                        .contains("lost");
            });
        } finally {
            orders.execute("ALTER SYSTEM RESET max_slot_wal_keep_size");
            orders.execute("SELECT pg_reload_conf()");
        }
    }

    private static void write(OrderService orders, int kilobytes) {
        orders.execute("CREATE TABLE IF NOT EXISTS noise (text text)");
        orders.execute("INSERT INTO noise SELECT repeat('x', 1000) FROM generate_series(1, %d)".formatted(kilobytes));
    }

    /** The status whose gauge is 1, or an empty text if there is none. */
    private static String walStatus(OrderService orders) {
        return orders.text("/metrics")
                .lines()
                .filter(line -> line.startsWith("lockstep_slot_wal_status{") && line.endsWith(" 1.0"))
                .map(line -> line.replaceAll(".*status=\"(.*?)\".*", "$1"))
                .collect(Collectors.joining(","));
    }

    private static JsonNode slotCheck(OrderService orders) {
        for (JsonNode check : orders.get("/health/ready").body().get("checks")) {
            if (check.get("name").asText().equals("slot")) {
                return check;
            }
        }
        throw new AssertionError("readiness has no check named slot");
    }

    private static Map<String, String> with(Map<String, String> settings, String name, String value) {
        Map<String, String> all = new HashMap<>(settings);
        all.put(name, value);
        return all;
    }
}
