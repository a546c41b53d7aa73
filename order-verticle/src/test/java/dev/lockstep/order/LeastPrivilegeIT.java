package dev.lockstep.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.testing.TestPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Runs the service with the role that the settings page documents. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class LeastPrivilegeIT {
    private static final Path SETTINGS = Path.of("..", "docs", "settings.md");
    private static final Pattern SQL = Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL);
    private static final Duration SOON = Duration.ofSeconds(90);
    // The documented SQL creates this database.
    private static final String NAME = "least_privilege";

    @RegisterExtension
    final TestPostgres postgres = new TestPostgres();

    @Test
    void migrations_requests_the_relay_and_a_new_slot_need_no_more_than_what_is_documented() throws IOException {
        List<String> documented = SQL.matcher(Files.readString(SETTINGS))
                .results()
                .map((MatchResult block) -> block.group(1).replaceAll("\\borders\\b", NAME))
                .toList();
        assertThat(documented).hasSize(2);
        asSuperuser("postgres", documented.get(0));
        asSuperuser(NAME, documented.get(1));
        Map<String, String> settings = Map.of("POSTGRES_USER", NAME, "POSTGRES_PASSWORD", "change-me");

        try (OrderService orders = OrderService.start(
                postgres.server().uri(NAME), postgres.server().jdbcUrl(NAME), settings)) {
            awaitReady(orders);
            String first = orders.place("u1");

            awaitRelayed(orders, first);

            asSuperuser(
                    NAME,
                    "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active AND database = '"
                            + NAME + "'");
            await().atMost(SOON).ignoreExceptions().until(() -> {
                asSuperuser(NAME, "SELECT pg_drop_replication_slot('" + NAME + "_outbox')");
                return true;
            });
            String second = orders.place("u1");

            awaitRelayed(orders, second);
            awaitReady(orders);
            assertThat(orders.get("/outbox/summary").status()).isEqualTo(200);
            assertThat(orders.get("/dead-letters").status()).isEqualTo(200);
        }
        // A second start has nothing to migrate and creates the partitions of the next days.
        try (OrderService orders = OrderService.start(
                postgres.server().uri(NAME), postgres.server().jdbcUrl(NAME), settings)) {
            awaitReady(orders);
        }
        asSuperuser(NAME, "SELECT pg_drop_replication_slot('" + NAME + "_outbox')");
    }

    private static void awaitReady(OrderService orders) {
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(orders.text("/health/ready")).startsWith("{\"status\":\"UP\""));
    }

    private static void awaitRelayed(OrderService orders, String orderId) {
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(orders.text("/outbox?state=relayed&aggregateId=" + orderId))
                        .contains("OrderCreated"));
    }

    private void asSuperuser(String database, String statements) {
        // Executed one by one: CREATE DATABASE cannot run in a transaction with other statements.
        for (String sql : statements.split(";\n")) {
            postgres.server().execute(database, sql);
        }
    }
}
