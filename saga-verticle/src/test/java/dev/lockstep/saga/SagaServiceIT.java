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

/** The service between its topics. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaServiceIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Money TOTAL = new Money(4000, "KRW");

    @SuppressWarnings("NullAway.Init")
    private static SagaService service;

    @SuppressWarnings("NullAway.Init")
    private static Participants participants;

    private final String order = "order-" + UUID.randomUUID();

    @BeforeAll
    static void start() {
        service = new SagaService(Map.of(
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
        service.awaitReady();
        participants = new Participants();
    }

    @AfterAll
    static void stop() {
        participants.close();
        service.close();
    }

    @Test
    void an_order_goes_from_topic_to_topic_until_it_is_confirmed_and_a_delivery_that_repeats_has_no_effect() {
        // Given
        UUID messageId = Generators.timeBasedEpochGenerator().generate();

        // When
        participants.say(created(order), messageId);
        participants.say(created(order), messageId);
        ConsumerRecord<String, String> reserve = participants.awaitCommand(order, "ReserveStock");
        participants.say(new StockReserved(order, TOTAL));
        participants.awaitCommand(order, "ChargePayment");
        participants.say(new PaymentCharged(order, TOTAL));
        participants.awaitCommand(order, "ConfirmOrder");
        participants.say(new OrderConfirmed(order, TOTAL));

        // Then
        JsonNode saga = awaitState(order, "CONFIRMED");
        assertThat(saga.path("history")).hasSize(4);
        assertThat(participants.commands(order)).containsExactly("ReserveStock", "ChargePayment", "ConfirmOrder");
        assertThat(Participants.header(reserve, "ce_source")).isEqualTo("/saga-service");
        assertThat(Participants.header(reserve, "traceparent")).isEqualTo(Participants.TRACE);
        assertThat(service.get("/metrics").body())
                .containsPattern(
                        "lockstep_saga_duration_seconds_count\\{outcome=\"CONFIRMED\",reason=\"NONE\",.*} [1-9]")
                .containsPattern("lockstep_saga_states\\{.*state=\"RETRYING_COMPENSATION\"} 0");
    }

    @Test
    void an_order_whose_payment_is_silent_is_cancelled_and_a_charge_that_comes_late_is_refunded() {
        // Given
        participants.say(created(order));
        participants.awaitCommand(order, "ReserveStock");
        participants.say(new StockReserved(order, TOTAL));

        // When
        participants.awaitCommand(order, "RefundPayment");
        participants.say(new StockReleased(order));
        participants.awaitCommand(order, "CancelOrder");
        participants.say(new OrderCancelled(order, CancelReason.TIMED_OUT));
        participants.say(new PaymentCharged(order, TOTAL));
        participants.say(new PaymentRefunded(order));

        // Then
        JsonNode saga = awaitState(order, "CANCELLED");
        assertThat(saga.path("reason").asText()).isEqualTo("TIMED_OUT");
        assertThat(saga.has("deadline")).isFalse();
        assertThat(participants.commands(order))
                .containsExactlyInAnyOrder(
                        "ReserveStock", "ChargePayment", "ReleaseStock", "RefundPayment", "CancelOrder");
    }

    @Test
    void an_order_beyond_those_allowed_at_once_waits_in_kafka_until_there_is_room() {
        // Given
        String next = "next-" + order;
        participants.say(created(order));
        participants.awaitCommand(order, "ReserveStock");

        // When
        participants.say(created(next));

        // Then
        await().during(Duration.ofSeconds(2))
                .atMost(LIMIT)
                .until(() -> service.get("/sagas/" + next).status() == 404);
        participants.say(new StockReserved(order, TOTAL));
        participants.awaitCommand(order, "ChargePayment");
        participants.say(new PaymentCharged(order, TOTAL));
        participants.say(new OrderConfirmed(order, TOTAL));
        awaitState(order, "CONFIRMED");
        participants.awaitCommand(next, "ReserveStock");
        participants.say(new StockRejected(next, CancelReason.OUT_OF_STOCK));
        awaitState(next, "CANCELLING_ORDER");
    }

    @Test
    void an_answer_that_nobody_asked_for_is_a_dead_letter_that_says_so() {
        // When
        participants.say(new PaymentRefunded(order));

        // Then
        await().atMost(LIMIT).untilAsserted(() -> {
            JsonNode letter = service.get("/dead-letters").json().path("data").path(0);
            assertThat(letter.path("reason").asText()).isEqualTo("UNEXPECTED_EVENT");
            assertThat(letter.path("error").asText())
                    .isEqualTo("PaymentRefunded cannot follow NotStarted for order " + order);
        });
    }

    @Test
    void a_saga_that_is_broken_holds_up_no_other_and_says_what_stands_in_its_way() {
        // Given
        String other = "other-" + order;
        participants.say(created(order));
        participants.awaitCommand(order, "ReserveStock");
        service.execute("UPDATE saga SET state = 'COMPENSATING', data = '{}', deadline = NULL WHERE order_id = '"
                + order + "'");
        participants.say(created(other));
        participants.awaitCommand(other, "ReserveStock");

        // When
        participants.say(new StockReleased(order));
        participants.say(new StockReserved(other, TOTAL));

        // Then
        participants.awaitCommand(other, "ChargePayment");
        participants.say(new PaymentCharged(other, TOTAL));
        participants.awaitCommand(other, "ConfirmOrder");
        participants.say(new OrderConfirmed(other, TOTAL));
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
            assertThat(saga.path("unavailable").toString()).contains("\"inventory\"", "it cannot be reached");
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
