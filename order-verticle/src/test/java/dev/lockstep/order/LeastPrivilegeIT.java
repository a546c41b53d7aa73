package dev.lockstep.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.lockstep.testing.TestPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
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
    // The documented SQL creates these databases.
    private static final String NAME = "least_privilege";
    private static final String SEPARATE = "separate_relay";

    @RegisterExtension
    final TestPostgres postgres = new TestPostgres();

    @Test
    void migrations_requests_the_relay_and_a_new_slot_need_no_more_than_what_is_documented() throws IOException {
        List<String> documented = documentedSql(NAME);
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

    @Test
    void a_relay_with_the_documented_role_of_its_own_needs_no_replication_right_of_the_service() throws IOException {
        List<String> documented = documentedSql(SEPARATE);
        asSuperuser("postgres", documented.get(0));
        asSuperuser(SEPARATE, documented.get(1));
        asSuperuser(SEPARATE, documented.get(2));
        Map<String, String> settings = Map.of(
                "POSTGRES_USER",
                SEPARATE,
                "POSTGRES_PASSWORD",
                "change-me",
                "RELAY_POSTGRES_USER",
                SEPARATE + "_relay",
                "RELAY_POSTGRES_PASSWORD",
                "change-me");

        try (OrderService orders = OrderService.start(
                postgres.server().uri(SEPARATE), postgres.server().jdbcUrl(SEPARATE), settings)) {
            awaitReady(orders);
            awaitRelayed(orders, orders.place("u1"));

            // The relay replaces a lost slot, and the publication is altered, with the rights of both roles.
            asSuperuser(SEPARATE, "DROP PUBLICATION lockstep_outbox");
            awaitRelayed(orders, orders.place("u1"));
            awaitReady(orders);
        }
        assertThat(refusal("SELECT pg_create_logical_replication_slot('mine', 'pgoutput')", SEPARATE))
                .contains("permission denied to use replication slots");
        assertThat(refusal("INSERT INTO orders (order_id) VALUES (gen_random_uuid())", SEPARATE + "_relay"))
                .contains("permission denied for table orders");
        assertThat(refusal("SELECT * FROM orders", SEPARATE + "_relay")).contains("permission denied for table orders");
        asSuperuser(SEPARATE, "SELECT pg_drop_replication_slot('" + SEPARATE + "_outbox')");
    }

    private String refusal(String sql, String role) {
        String url = "jdbc:" + postgres.server().uri(SEPARATE) + "?user=" + role + "&password=change-me";
        return String.valueOf(catchThrowableOfType(SQLException.class, () -> {
                    try (Connection connection = DriverManager.getConnection(url);
                            Statement statement = connection.createStatement()) {
                        statement.execute(sql);
                    }
                })
                .getMessage());
    }

    /** The blocks of SQL on the page: as a superuser, in the database, and in the database for a separate role of the relay. */
    private static List<String> documentedSql(String name) throws IOException {
        List<String> documented = SQL.matcher(Files.readString(SETTINGS))
                .results()
                .map((MatchResult block) -> block.group(1).replaceAll("\\borders(_relay)?\\b", name + "$1"))
                .toList();
        assertThat(documented).hasSize(3);
        return documented;
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
