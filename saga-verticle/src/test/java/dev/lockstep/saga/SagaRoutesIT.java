package dev.lockstep.saga;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.contracts.CancelReason;
import dev.lockstep.contracts.Message;
import dev.lockstep.contracts.Money;
import dev.lockstep.contracts.OrderCancelRequested;
import dev.lockstep.contracts.OrderCancelled;
import dev.lockstep.contracts.OrderConfirmed;
import dev.lockstep.contracts.OrderCreated;
import dev.lockstep.contracts.OrderItem;
import dev.lockstep.contracts.PaymentCharged;
import dev.lockstep.contracts.StockRejected;
import dev.lockstep.contracts.StockReserved;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaRoutesIT {
    private static final Money TOTAL = new Money(4000, "KRW");

    @RegisterExtension
    static final SagaDatabase database = new SagaDatabase();

    private static final SagaApi api = new SagaApi(database);

    @BeforeAll
    static void open() {
        List.of(
                        new Message[] {created("confirmed"), new StockReserved("confirmed", TOTAL)},
                        new Message[] {created("rejected"), new StockRejected("rejected", CancelReason.OUT_OF_STOCK)},
                        new Message[] {created("reserving-1"), created("reserving-2"), created("reserving-3")},
                        new Message[] {new OrderCancelRequested("overtaken")})
                .forEach(batch -> await(database.batch(batch)));
        await(database.batch(new PaymentCharged("confirmed", TOTAL)));
        await(database.batch(new OrderConfirmed("confirmed", TOTAL)));
        await(database.batch(new OrderCancelled("rejected", CancelReason.OUT_OF_STOCK)));
        await(database.pool
                .query("UPDATE saga SET created_at = created_at - interval '10 minutes' WHERE order_id = 'reserving-1'")
                .execute());
        await(database.pool
                .query("UPDATE saga SET waiting_since = now() - interval '10 minutes' WHERE order_id = 'overtaken'")
                .execute());
    }

    @AfterAll
    static void close() {
        api.close();
    }

    @Test
    void a_saga_shows_its_state_awaited_messages_and_history() {
        JsonNode saga = api.get("/sagas/reserving-2?obstacles=false").json();

        assertThat(SagaApi.names(saga))
                .containsExactly(
                        "orderId",
                        "state",
                        "waitingFor",
                        "waitingSince",
                        "deadline",
                        "startedAt",
                        "updatedAt",
                        "history");
        assertThat(saga.path("orderId").asText()).isEqualTo("reserving-2");
        assertThat(saga.path("state").asText()).isEqualTo("RESERVING_STOCK");
        assertThat(saga.path("waitingFor")).isEqualTo(SagaApi.json("[\"StockReserved\"]"));
        assertThat(saga.path("deadline").asText()).endsWith("Z");
        JsonNode step = saga.path("history").path(0);
        assertThat(SagaApi.names(step)).containsExactly("at", "event", "state", "sent");
        assertThat(step.path("event").asText()).isEqualTo("OrderCreated");
        assertThat(step.path("sent")).isEqualTo(SagaApi.json("[\"ReserveStock\"]"));
    }

    @Test
    void a_saga_that_has_ended_waits_for_nothing() {
        JsonNode saga = api.get("/sagas/rejected").json();

        assertThat(SagaApi.names(saga))
                .containsExactly("orderId", "state", "waitingFor", "reason", "startedAt", "updatedAt", "history");
        assertThat(saga.path("waitingFor")).isEmpty();
        assertThat(saga.path("reason").asText()).isEqualTo("OUT_OF_STOCK");
    }

    @Test
    void the_list_has_the_newest_first_and_no_histories() {
        JsonNode list = api.get("/sagas").json();

        assertThat(SagaApi.ids(list))
                .containsExactly("overtaken", "reserving-3", "reserving-2", "rejected", "confirmed", "reserving-1");
        assertThat(SagaApi.names(list.path("data").path(1)))
                .containsExactly(
                        "orderId", "state", "waitingFor", "waitingSince", "deadline", "startedAt", "updatedAt");
        assertThat(list.has("nextCursor")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "?state=CONFIRMED, confirmed",
        "?state=CANCELLED, rejected",
        "?state=AWAITING_ORDER, overtaken",
        "?state=RESERVING_STOCK, reserving-3 reserving-2 reserving-1",
        "?state=RETRYING_COMPENSATION, ''",
        "?olderThan=PT5M, reserving-1",
        "?olderThan=PT5M&state=CONFIRMED, ''",
        "?olderThan=PT5M&state=RESERVING_STOCK, reserving-1",
        "?olderThan=P1D, ''",
        "?olderThan=PT0S&state=CANCELLED, rejected",
        "?state=ABANDONED, ''",
        "?waitingLongerThan=PT5M, overtaken",
        "?waitingLongerThan=PT5M&state=AWAITING_ORDER, overtaken",
        "?waitingLongerThan=PT5M&state=RESERVING_STOCK, ''",
        "?waitingLongerThan=PT0S&state=RESERVING_STOCK&olderThan=PT5M, reserving-1",
        "?waitingLongerThan=PT0S&state=CANCELLED, ''"
    })
    void the_list_is_filtered_by_state_and_age(String query, String expected) {
        assertThat(String.join(" ", SagaApi.ids(api.get("/sagas" + query).json())))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/sagas?", "/sagas?state=RESERVING_STOCK&"})
    void pages_follow_each_other_without_gap_or_overlap(String list) {
        List<String> all = SagaApi.ids(api.get(list).json());
        List<String> paged = new ArrayList<>();
        String cursor = "";
        do {
            JsonNode page = api.get(list + "limit=2" + cursor).json();
            assertThat(page.path("data")).hasSizeLessThanOrEqualTo(2);
            paged.addAll(SagaApi.ids(page));
            cursor = page.has("nextCursor")
                    ? "&cursor=" + page.path("nextCursor").asText()
                    : "";
        } while (!cursor.isEmpty());

        assertThat(paged).isEqualTo(all);
    }

    @Test
    void an_unknown_saga_is_not_found() {
        SagaApi.Answer answer = api.get("/sagas/never-seen");

        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.json().path("detail").asText()).isEqualTo("Order never-seen has no saga");
    }

    @ParameterizedTest
    @ValueSource(strings = {"%20", "a%1Bb", "a%C2%85b"})
    void an_order_id_that_no_message_can_have_is_reported(String orderId) {
        SagaApi.Answer answer = api.get("/sagas/" + orderId);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().path("errors").path(0).path("field").asText()).isEqualTo("orderId");
    }

    @ParameterizedTest
    @CsvSource({"255, 404", "256, 400"})
    void an_order_id_has_at_most_255_characters(int length, int status) {
        assertThat(api.get("/sagas/" + "x".repeat(length)).status()).isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({
        "state=BUSY, state",
        "state=confirmed, state",
        "olderThan=soon, olderThan",
        "olderThan=-PT5M, olderThan",
        "olderThan=P40000D, olderThan",
        "waitingLongerThan=long, waitingLongerThan",
        "limit=0, limit",
        "cursor=%2B, cursor",
        "cursor=MjAyNg, cursor",
        "cursor=Tm90QURhdGUgbzE, cursor"
    })
    void an_invalid_parameter_is_reported(String query, String field) {
        SagaApi.Answer answer = api.get("/sagas?" + query);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().path("errors").path(0).path("field").asText()).isEqualTo(field);
    }

    @Test
    void all_invalid_parameters_are_reported_at_once() {
        SagaApi.Answer answer = api.get("/sagas?state=BUSY&olderThan=soon&waitingLongerThan=long&limit=0&cursor=x");

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().findValuesAsText("field"))
                .containsExactlyInAnyOrder("state", "olderThan", "waitingLongerThan", "limit", "cursor");
    }

    @Test
    void obstacles_must_be_true_or_false() {
        SagaApi.Answer answer = api.get("/sagas/o1?obstacles=maybe");

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().findValuesAsText("field")).containsExactly("obstacles");
    }

    private static OrderCreated created(String order) {
        return new OrderCreated(order, "u1", List.of(new OrderItem("p1", 2)));
    }
}
