package dev.lockstep.saga;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.uuid.Generators;
import dev.lockstep.contracts.CancelReason;
import dev.lockstep.contracts.Money;
import dev.lockstep.contracts.OrderCancelled;
import dev.lockstep.contracts.OrderConfirmed;
import dev.lockstep.contracts.OrderCreated;
import dev.lockstep.contracts.OrderItem;
import dev.lockstep.contracts.PaymentCharged;
import dev.lockstep.contracts.PaymentRefunded;
import dev.lockstep.contracts.StockRejected;
import dev.lockstep.contracts.StockReleased;
import dev.lockstep.contracts.StockReserved;
import dev.lockstep.embedded.FreePorts;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The service with its topics. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaServiceIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Money TOTAL = new Money(4000, "KRW");

    @RegisterExtension
    static final SagaService service = new SagaService(Map.of(
            "SAGA_MAX_ACTIVE",
            "1",
            "SAGA_PAYMENT_DEADLINE",
            "PT1S",
            "CONSUMER_MAX_ATTEMPTS",
            "2",
            "CONSUMER_RETRY_BACKOFF",
            "PT0.1S",
            "PEERS",
            "inventory=http://127.0.0.1:" + FreePorts.any()));

    @SuppressWarnings("NullAway.Init")
    private static FakeParticipants participants;

    private final String order = "order-" + UUID.randomUUID();

    @BeforeAll
    static void start() {
        service.awaitReady();
        participants = new FakeParticipants();
    }

    @AfterAll
    static void stop() {
        participants.close();
    }

    @Test
    void an_order_is_confirmed_across_topics_and_duplicates_have_no_effect() {
        UUID messageId = Generators.timeBasedEpochGenerator().generate();

        participants.send(created(order), messageId);
        participants.send(created(order), messageId);
        ConsumerRecord<String, String> reserve = participants.awaitCommand(order, "ReserveStock");
        participants.send(new StockReserved(order, TOTAL));
        participants.awaitCommand(order, "ChargePayment");
        participants.send(new PaymentCharged(order, TOTAL));
        participants.awaitCommand(order, "ConfirmOrder");
        participants.send(new OrderConfirmed(order, TOTAL));

        JsonNode saga = awaitState(order, "CONFIRMED");
        assertThat(saga.path("history")).hasSize(4);
        assertThat(participants.commands(order)).containsExactly("ReserveStock", "ChargePayment", "ConfirmOrder");
        assertThat(FakeParticipants.header(reserve, "ce_source")).isEqualTo("/saga-service");
        assertThat(FakeParticipants.header(reserve, "traceparent")).isEqualTo(FakeParticipants.TRACE);
        assertThat(service.get("/metrics").body())
                .containsPattern(
                        "lockstep_saga_duration_seconds_count\\{outcome=\"CONFIRMED\",reason=\"NONE\",.*} [1-9]")
                .containsPattern("lockstep_saga_states\\{.*state=\"RETRYING_COMPENSATION\"} 0");
    }

    @Test
    void an_order_without_a_payment_reply_is_cancelled_and_a_late_charge_is_refunded() {
        participants.send(created(order));
        participants.awaitCommand(order, "ReserveStock");
        participants.send(new StockReserved(order, TOTAL));

        participants.awaitCommand(order, "RefundPayment");
        participants.send(new StockReleased(order));
        participants.awaitCommand(order, "CancelOrder");
        participants.send(new OrderCancelled(order, CancelReason.TIMED_OUT));
        participants.send(new PaymentCharged(order, TOTAL));
        participants.send(new PaymentRefunded(order));

        JsonNode saga = awaitState(order, "CANCELLED");
        assertThat(saga.path("reason").asText()).isEqualTo("TIMED_OUT");
        assertThat(saga.has("deadline")).isFalse();
        assertThat(participants.commands(order))
                .containsExactlyInAnyOrder(
                        "ReserveStock", "ChargePayment", "ReleaseStock", "RefundPayment", "CancelOrder");
    }

    @Test
    void orders_over_the_limit_wait_in_kafka_until_there_is_capacity() {
        String next = "next-" + order;
        participants.send(created(order));
        participants.awaitCommand(order, "ReserveStock");

        participants.send(created(next));

        await().during(Duration.ofSeconds(2))
                .atMost(LIMIT)
                .until(() -> service.get("/sagas/" + next).status() == 404);
        participants.send(new StockReserved(order, TOTAL));
        participants.awaitCommand(order, "ChargePayment");
        participants.send(new PaymentCharged(order, TOTAL));
        participants.send(new OrderConfirmed(order, TOTAL));
        awaitState(order, "CONFIRMED");
        participants.awaitCommand(next, "ReserveStock");
        participants.send(new StockRejected(next, CancelReason.OUT_OF_STOCK));
        awaitState(next, "CANCELLING_ORDER");
    }

    @Test
    void an_unsolicited_reply_becomes_a_dead_letter() {
        participants.send(new PaymentRefunded(order));

        await().atMost(LIMIT).untilAsserted(() -> {
            JsonNode deadLetter =
                    service.get("/dead-letters").json().path("data").path(0);
            assertThat(deadLetter.path("reason").asText()).isEqualTo("UNEXPECTED_EVENT");
            assertThat(deadLetter.path("error").asText())
                    .isEqualTo("PaymentRefunded cannot follow NotStarted for order " + order);
        });
    }

    @Test
    void an_unreadable_saga_does_not_block_others_and_shows_its_obstacles() {
        String other = "other-" + order;
        participants.send(created(order));
        participants.awaitCommand(order, "ReserveStock");
        service.execute("UPDATE saga SET state = 'COMPENSATING', data = '{}', deadline = NULL WHERE order_id = '"
                + order + "'");
        participants.send(created(other));
        participants.awaitCommand(other, "ReserveStock");

        participants.send(new StockReleased(order));
        participants.send(new StockReserved(other, TOTAL));

        participants.awaitCommand(other, "ChargePayment");
        participants.send(new PaymentCharged(other, TOTAL));
        participants.awaitCommand(other, "ConfirmOrder");
        participants.send(new OrderConfirmed(other, TOTAL));
        awaitState(other, "CONFIRMED");
        await().atMost(LIMIT).untilAsserted(() -> {
            JsonNode saga = service.get("/sagas/" + order).json();
            assertThat(saga.path("failure").asText()).startsWith("a saga in state COMPENSATING cannot be read");
            JsonNode obstacle = saga.path("obstacles").path(0);
            assertThat(obstacle.path("service").asText()).isEqualTo("saga");
            assertThat(obstacle.path("kind").asText()).isEqualTo("dead-letter");
            assertThat(obstacle.path("topic").asText()).isEqualTo("inventory.updated");
            assertThat(obstacle.path("type").asText()).isEqualTo("StockReleased");
            assertThat(service.get(obstacle.path("path").asText()).status()).isEqualTo(200);
            assertThat(saga.path("unavailable").toString()).contains("\"inventory\"", "the request failed");
        });
        assertThat(service.get("/sagas/" + order + "?obstacles=false").json().has("obstacles"))
                .isFalse();
    }

    private static JsonNode awaitState(String order, String state) {
        await(order + " " + state)
                .atMost(LIMIT)
                .until(() -> service.get("/sagas/" + order)
                        .json()
                        .path("state")
                        .asText()
                        .equals(state));
        return service.get("/sagas/" + order).json();
    }

    private static OrderCreated created(String order) {
        return new OrderCreated(order, "u1", List.of(new OrderItem("p1", 2)));
    }
}
