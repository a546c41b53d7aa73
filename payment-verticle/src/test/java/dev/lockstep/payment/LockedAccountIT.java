package dev.lockstep.payment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.uuid.Generators;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An open {@code SELECT ... FOR UPDATE} of an operator on one account, while payments of many accounts arrive. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LockedAccountIT {
    // The row stays locked, so a payment that completes has not waited for it. LockedRowIT limits the latency.
    private static final Duration LATENCY = Duration.ofSeconds(20);

    private final String run = UUID.randomUUID().toString();

    @RegisterExtension
    final PaymentService service = new PaymentService();

    private final KafkaProducer<String, String> producer = new KafkaProducer<>(
            Map.of("bootstrap.servers", service.bootstrapServers()), new StringSerializer(), new StringSerializer());

    @AfterAll
    void stop() {
        producer.close();
    }

    @Test
    void a_locked_account_delays_only_its_own_payments() throws Exception {
        List.of("held", "other").forEach(this::deposit);
        charge("warm", "other");
        await().atMost(Duration.ofSeconds(60)).until(() -> isCharged("warm"));

        try (Connection operator = DriverManager.getConnection(service.jdbcUrl(), "lockstep", "lockstep")) {
            operator.setAutoCommit(false);
            operator.createStatement().execute("SELECT FROM account WHERE user_id = 'held' FOR UPDATE");

            for (int round = 0; round < 5; round++) {
                String orders = "round-" + round + "-";
                IntStream.range(0, 10).forEach(i -> charge(orders + "held-" + i, "held"));
                IntStream.range(0, 10).forEach(i -> charge(orders + "other-" + i, "other"));

                await().atMost(LATENCY)
                        .until(() -> IntStream.range(0, 10).allMatch(i -> isCharged(orders + "other-" + i)));
            }
            assertThat(isCharged("round-0-held-0")).isFalse();
            assertThat(service.get("/health/ready").body().findPath("checks").toString())
                    .contains("{\"name\":\"consumer\",\"status\":\"UP\"}");
            operator.rollback();
        }
        await().atMost(Duration.ofSeconds(30))
                .until(() -> IntStream.range(0, 50).allMatch(i -> isCharged("round-" + i / 10 + "-held-" + i % 10)));
        assertThat(service.get("/dead-letters").body().get("data")).isEmpty();
        assertThat(service.get("/accounts/held")
                        .body()
                        .get("balance")
                        .get("amount")
                        .asLong())
                .isEqualTo(950);
    }

    private void deposit(String userId) {
        assertThat(service.post("/accounts/" + userId + "/deposits", "{\"amount\":1000,\"currency\":\"KRW\"}")
                        .status())
                .isEqualTo(201);
    }

    private boolean isCharged(String order) {
        return service.get("/payments/" + order + run).status() == 200;
    }

    private void charge(String order, String userId) {
        ProducerRecord<String, String> record =
                new ProducerRecord<>("payment.commands", order + run, """
                {"orderId":"%s","userId":"%s","amount":{"amount":1,"currency":"KRW"}}\
                """.formatted(order + run, userId));
        record.headers()
                .add(
                        "ce_id",
                        Generators.timeBasedEpochGenerator()
                                .generate()
                                .toString()
                                .getBytes(UTF_8))
                .add("ce_source", "/test".getBytes(UTF_8))
                .add("ce_type", "ChargePayment".getBytes(UTF_8));
        var _ = producer.send(record);
    }
}
