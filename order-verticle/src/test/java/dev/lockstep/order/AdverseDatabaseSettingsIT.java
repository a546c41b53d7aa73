package dev.lockstep.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.order.OrderService.Answer;
import dev.lockstep.testing.TestDatabase;
import dev.lockstep.testing.TestKafka;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Databases and roles with settings that affect clients, and a database that becomes read-only. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class AdverseDatabaseSettingsIT {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final List<String> ADVERSE = List.of(
            "bytea_output TO 'escape'",
            "DateStyle TO SQL, DMY",
            "IntervalStyle TO 'sql_standard'",
            "TimeZone TO 'America/St_Johns'",
            "extra_float_digits TO '-15'",
            "client_encoding TO 'LATIN1'",
            "search_path TO 'elsewhere'",
            "standard_conforming_strings TO 'off'",
            "array_nulls TO 'off'",
            "transform_null_equals TO 'on'",
            "quote_all_identifiers TO 'on'",
            "default_transaction_isolation TO 'serializable'",
            "synchronous_commit TO 'off'",
            "exit_on_error TO 'on'",
            "statement_timeout TO '1ms'",
            "lock_timeout TO '1ms'",
            "transaction_timeout TO '1ms'",
            "idle_in_transaction_session_timeout TO '1ms'",
            "idle_session_timeout TO '1s'",
            "client_min_messages TO 'debug5'",
            "plan_cache_mode TO 'force_custom_plan'");

    @RegisterExtension
    final TestDatabase database = new TestDatabase("adverse");

    @RegisterExtension
    final TestKafka kafka = new TestKafka();

    private final byte[] unreadable = {0x7b, 0x00, (byte) 0xff, '\\', 'x', '4', '1'};

    @Test
    void orders_outbox_rows_and_dead_letters_round_trip_under_adverse_settings() throws SQLException {
        for (String setting : ADVERSE) {
            database.server().execute("ALTER DATABASE " + database.name() + " SET " + setting);
        }
        // Taken from the clock of this JVM, so the time zone of the session does not matter.
        Instant before = Instant.now().minusSeconds(2);

        try (OrderService orders = OrderService.start(database, Map.of("RELAY_ENABLED", "false"))) {
            Answer placed = orders.post(
                    "/orders",
                    "{\"userId\":\"한 \\\\ 글\",\"items\":[{\"productId\":\"p'1\",\"qty\":2}]}",
                    "Idempotency-Key",
                    "k\\1");
            String orderId = placed.body().get("orderId").asText();
            Answer repeated = orders.post(
                    "/orders",
                    "{\"userId\":\"한 \\\\ 글\",\"items\":[{\"productId\":\"p'1\",\"qty\":2}]}",
                    "Idempotency-Key",
                    "k\\1");
            try (KafkaProducer<byte[], byte[]> producer = producer()) {
                var _ = producer.send(new ProducerRecord<>("order.commands", bytes(database.name()), unreadable));
            }

            assertThat(placed.status()).isEqualTo(202);
            assertThat(repeated.body()).isEqualTo(placed.body());
            JsonNode order = orders.get("/orders/" + orderId).body();
            assertThat(order.get("userId").asText()).isEqualTo("한 \\ 글");
            assertThat(order.get("items").get(0).get("productId").asText()).isEqualTo("p'1");
            assertThat(Instant.parse(order.get("createdAt").asText()))
                    .isBetween(before, Instant.now().plusSeconds(2));
            JsonNode row = orders.get("/outbox?aggregateId=" + orderId)
                    .body()
                    .get("data")
                    .get(0);
            JsonNode shown = orders.get("/outbox/" + row.get("id").asText()).body();
            assertThat(shown.get("payload").toString()).contains("한 \\\\ 글").contains("p'1");
            assertThat(Instant.parse(shown.get("createdAt").asText()))
                    .isBetween(before, Instant.now().plusSeconds(2));
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(deadLetters(orders)).isNotEmpty());
            JsonNode deadLetter = orders.get("/dead-letters/"
                            + deadLetters(orders).getFirst().get("id").asText())
                    .body();
            assertThat(deadLetter.get("reason").asText()).isNotBlank();
            assertThat(Instant.parse(deadLetter.get("firstAt").asText())).isAfter(before);
            assertThat(deadLetterInHex()).isEqualTo("7b00ff5c783431");
        }
    }

    @Test
    void orders_are_accepted_within_seconds_after_the_database_leaves_read_only_mode() {
        try (OrderService orders = OrderService.start(database, Map.of("RELAY_ENABLED", "false"))) {
            orders.place("u1");
            database.server().execute("ALTER DATABASE " + database.name() + " SET default_transaction_read_only = on");
            database.server()
                    .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"
                            + database.name() + "'");

            // Enough concurrent requests to use all connections of the pool.
            await().atMost(SOON).until(() -> burst(orders).stream().allMatch(status -> status == 503));
            await().atMost(SOON)
                    .untilAsserted(
                            () -> assertThat(orders.text("/health/ready")).contains("is read-only"));

            database.server().execute("ALTER DATABASE " + database.name() + " RESET default_transaction_read_only");

            await().atMost(Duration.ofSeconds(5))
                    .until(() -> burst(orders).stream().allMatch(status -> status == 202));
            assertThat(burst(orders)).allMatch(status -> status == 202);
            await().atMost(SOON)
                    .untilAsserted(
                            () -> assertThat(orders.text("/health/ready")).doesNotContain("is read-only"));
        }
    }

    private static List<Integer> burst(OrderService orders) {
        var answers = IntStream.range(0, 40)
                .mapToObj(i -> orders.postLater("/orders", OrderService.order("u" + i)))
                .toList();
        return answers.stream().map(answer -> answer.join().status()).toList();
    }

    // Filtered by key, because other tests of this JVM use the same topic.
    private List<JsonNode> deadLetters(OrderService orders) {
        JsonNode data = orders.get("/dead-letters").body().get("data");
        return StreamSupport.stream(data.spliterator(), false)
                .filter(deadLetter -> deadLetter.path("key").asText().equals(database.name()))
                .toList();
    }

    // Overrides the settings of the database.
    private String deadLetterInHex() throws SQLException {
        String options = "&options=-c%20statement_timeout=0%20-c%20transaction_timeout=0";
        try (Connection connection =
                        DriverManager.getConnection(database.server().superuserUrl(database.name()) + options);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT string_agg(encode(record_value, 'hex'), ',') FROM public.dead_letter WHERE key_text = '"
                                + database.name() + "'")) {
            row.next();
            return row.getString(1);
        }
    }

    private KafkaProducer<byte[], byte[]> producer() {
        return new KafkaProducer<>(
                Map.of("bootstrap.servers", kafka.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
