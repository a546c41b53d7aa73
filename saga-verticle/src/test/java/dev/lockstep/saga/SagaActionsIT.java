package dev.lockstep.saga;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.contracts.CancelReason;
import dev.lockstep.contracts.Money;
import dev.lockstep.contracts.OrderCancelRequested;
import dev.lockstep.contracts.OrderCancelled;
import dev.lockstep.contracts.OrderConfirmed;
import dev.lockstep.contracts.OrderCreated;
import dev.lockstep.contracts.OrderItem;
import dev.lockstep.contracts.PaymentCharged;
import dev.lockstep.contracts.StockReleased;
import dev.lockstep.contracts.StockReserved;
import dev.lockstep.saga.SagaApi.Answer;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Transaction;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Operator actions on a saga, from the HTTP request to the database rows. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaActionsIT {
    private static final Money TOTAL = new Money(4000, "KRW");
    private static final String WHY = "{\"reason\":\"inventory lost the command\"}";

    @RegisterExtension
    static final SagaDatabase database = new SagaDatabase();

    private static final SagaApi api = new SagaApi(database);

    private final String order = "order-" + UUID.randomUUID();

    @AfterAll
    static void close() {
        api.close();
    }

    @Test
    void a_retry_resends_renews_the_deadline_and_is_recorded_with_operator_and_reason() {
        await(database.batch(created()));
        String since = api.get(path("")).json().path("waitingSince").asText();
        execute("UPDATE saga SET deadline = now() + interval '1 second' WHERE order_id = $1");

        Answer answer = api.post(path("/retry"), WHY, "X-Forwarded-User", "alice");

        assertThat(answer.status()).isEqualTo(202);
        assertThat(answer.json().path("state").asText()).isEqualTo("RESERVING_STOCK");
        assertThat(answer.json().path("waitingSince").asText()).isEqualTo(since);
        assertThat(database.secondsLeft(order)).isCloseTo(100, within(30.0));
        assertThat(database.sentTypes(order)).containsExactly("ReserveStock", "ReserveStock");
        assertThat(database.history(order).getLast())
                .containsEntry("event", "RetryRequested")
                .containsEntry("state", "RESERVING_STOCK")
                .containsEntry("by", "alice")
                .containsEntry("reason", "inventory lost the command")
                .containsEntry("sent", List.of("ReserveStock"));
        assertThat(recordedActions()).containsExactly("alice saga.retry inventory lost the command");
        assertThat(retries("RESERVING_STOCK")).isPositive();
    }

    @Test
    void a_retry_needs_no_reason_and_without_a_proxy_records_only_the_address() {
        await(database.batch(created(), new StockReserved(order, TOTAL)));

        Answer answer = api.post(path("/retry"), "");

        assertThat(answer.status()).isEqualTo(202);
        assertThat(database.sentTypes(order)).containsExactly("ReserveStock", "ChargePayment", "ChargePayment");
        assertThat(database.history(order).getLast())
                .containsEntry("by", "anonymous@127.0.0.1")
                .doesNotContainKey("reason");
    }

    @Test
    void compensating_aborts_the_order_and_ends_it_cancelled() {
        await(database.batch(created()));

        Answer answer = api.post(path("/compensate"), WHY);

        assertThat(answer.status()).isEqualTo(202);
        assertThat(answer.json().path("state").asText()).isEqualTo("COMPENSATING");
        assertThat(answer.json().path("reason").asText()).isEqualTo("CANCELLED_BY_OPERATOR");
        await(database.batch(new StockReleased(order)));
        await(database.batch(new OrderCancelled(order, CancelReason.CANCELLED_BY_OPERATOR)));
        assertThat(database.saga(order).state()).isEqualTo("CANCELLED");
        assertThat(database.sentTypes(order)).containsExactly("ReserveStock", "ReleaseStock", "CancelOrder");
    }

    @Test
    void compensating_a_saga_without_its_order_cancels_it_and_a_late_order_changes_nothing() {
        await(database.batch(new OrderCancelRequested(order)));

        Answer answer = api.post(path("/compensate"), WHY);

        assertThat(answer.status()).isEqualTo(202);
        assertThat(answer.json().path("state").asText()).isEqualTo("CANCELLING_ORDER");
        assertThat(answer.json().path("reason").asText()).isEqualTo("CANCELLED_BY_CUSTOMER");
        await(database.batch(new OrderCancelled(order, CancelReason.CANCELLED_BY_CUSTOMER)));
        SagaView cancelled = database.saga(order);
        assertThat(cancelled.state()).isEqualTo("CANCELLED");
        await(database.batch(created()));
        assertThat(database.saga(order)).isEqualTo(cancelled);
        assertThat(database.sentTypes(order)).containsExactly("CancelOrder");
        assertThat(recordedActions()).containsExactly("anonymous@127.0.0.1 saga.compensate inventory lost the command");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            retry   | which no command requests
            abandon | it has sent no command that could be left undone
            """)
    void a_saga_without_its_order_cannot_be_retried_or_abandoned(String action, String explanation) {
        await(database.batch(new OrderCancelRequested(order)));

        Answer answer = api.post(path("/" + action), WHY);

        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.error()).contains(explanation).endsWith("compensate the saga");
    }

    @Test
    void an_abandoned_saga_shows_what_was_left_undone_and_ignores_late_replies() {
        await(database.batch(created(), new OrderCancelRequested(order)));

        Answer answer = api.post(path("/abandon"), WHY);

        assertThat(answer.status()).isEqualTo(202);
        assertThat(answer.json().path("state").asText()).isEqualTo("ABANDONED");
        assertThat(answer.json().path("abandoned"))
                .isEqualTo(SagaApi.json("{\"leftUndone\":[\"StockReleased\",\"OrderCancelled\"],"
                        + "\"reason\":\"inventory lost the command\"}"));
        assertThat(SagaApi.names(answer.json())).doesNotContain("waitingSince", "deadline");
        assertThat(database.sentTypes(order)).containsExactly("ReserveStock", "ReleaseStock", "CancelOrder");
        SagaView abandoned = database.saga(order);
        await(database.batch(
                new StockReserved(order, TOTAL),
                new StockReleased(order),
                new OrderCancelled(order, CancelReason.CANCELLED_BY_CUSTOMER)));
        assertThat(database.saga(order)).isEqualTo(abandoned);
        assertThat(SagaApi.ids(api.get("/sagas?state=ABANDONED").json())).contains(order);
        assertThat(database.meters
                        .get("lockstep.saga.duration")
                        .tag("outcome", "ABANDONED")
                        .timer()
                        .count())
                .isPositive();
    }

    @Test
    void an_order_that_may_be_confirmed_cannot_be_compensated() {
        confirming();

        Answer answer = api.post(path("/compensate"), WHY);

        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.error())
                .isEqualTo("The saga of order " + order + " is CONFIRMING_ORDER: the order may already be confirmed."
                        + " To request its cancellation, send POST /orders/" + order + "/cancel to the order service");
        await(database.batch(new OrderConfirmed(order, TOTAL)));
        assertThat(database.saga(order).state()).isEqualTo("CONFIRMED");
        assertThat(database.sentTypes(order)).doesNotContain("CancelOrder", "RefundPayment", "ReleaseStock");
    }

    @ParameterizedTest
    @ValueSource(strings = {"retry", "compensate", "abandon"})
    void an_ended_saga_rejects_actions(String action) {
        confirming();
        await(database.batch(new OrderConfirmed(order, TOTAL)));
        List<Map<String, Object>> before = database.history(order);

        Answer answer = api.post(path("/" + action), WHY);

        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.error()).contains("is CONFIRMED, which is a final state");
        assertThat(database.history(order)).isEqualTo(before);
        assertThat(recordedActions()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            abandon    | it is still proceeding towards confirmation; compensate it first
            compensate | its compensation is already in progress
            """)
    void an_invalid_action_is_rejected_with_the_valid_ones(String action, String explanation) {
        await(database.batch(created()));
        if (action.equals("compensate")) {
            api.post(path("/compensate"), WHY);
        }

        Answer answer = api.post(path("/" + action), WHY);

        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.error()).endsWith(explanation);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{}", "{\"reason\":\"  \"}"})
    void abandoning_requires_a_reason(String body) {
        await(database.batch(created(), new OrderCancelRequested(order)));

        Answer answer = api.post(path("/abandon"), body);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().path("errors").path(0).path("field").asText()).isEqualTo("reason");
        assertThat(database.saga(order).state()).isEqualTo("COMPENSATING");
    }

    @Test
    void an_action_on_an_unknown_saga_is_not_found() {
        assertThat(api.post("/sagas/never-seen/retry", WHY).status()).isEqualTo(404);
    }

    @Test
    void an_action_waits_for_the_row_lock_and_decides_on_the_committed_state() {
        confirming();
        SqlConnection other = await(database.pool.getConnection());
        Transaction transaction = await(other.begin());
        await(database.handle(other, new OrderConfirmed(order, TOTAL)));

        CompletableFuture<Answer> answer = CompletableFuture.supplyAsync(() -> api.post(path("/retry"), WHY));
        await().until(() -> database.waiting() == 1);
        await(transaction.commit().eventually(() -> other.close()));

        assertThat(answer)
                .succeedsWithin(Duration.ofSeconds(60))
                .satisfies(refused -> assertThat(refused.status()).isEqualTo(409));
        assertThat(database.sentTypes(order)).containsExactly("ReserveStock", "ChargePayment", "ConfirmOrder");
    }

    @Test
    void an_unreadable_row_is_listed_with_its_failure_and_hides_no_other() {
        await(database.batch(created()));
        execute("UPDATE saga SET state = 'ASLEEP' WHERE order_id = $1");

        JsonNode saga = api.get(path("")).json();

        assertThat(saga.path("state").asText()).isEqualTo("ASLEEP");
        assertThat(saga.path("failure").asText()).isEqualTo("unknown saga state ASLEEP");
        assertThat(saga.path("history")).hasSize(1);
        assertThat(SagaApi.ids(api.get("/sagas").json())).contains(order);
        assertThat(api.post(path("/retry"), WHY).status()).isEqualTo(409);
        await(database.activeSagas.refresh());
    }

    private String path(String action) {
        return "/sagas/" + order + action;
    }

    private void confirming() {
        await(database.batch(created(), new StockReserved(order, TOTAL)));
        await(database.batch(new PaymentCharged(order, TOTAL)));
    }

    private List<String> recordedActions() {
        return await(database.pool
                .preparedQuery(
                        "SELECT who || ' ' || action || ' ' || reason AS action FROM operator_action WHERE target = $1")
                .execute(Tuple.of(order))
                .map((RowSet<Row> rows) ->
                        rows.stream().map(row -> row.getString("action")).toList()));
    }

    private static double retries(String state) {
        return database.meters
                .get("lockstep.saga.retries")
                .tag("state", state)
                .counter()
                .count();
    }

    private void execute(String sql) {
        Future<?> done = database.pool.preparedQuery(sql).execute(Tuple.of(order));
        await(done);
    }

    private OrderCreated created() {
        return new OrderCreated(order, "u1", List.of(new OrderItem("p1", 2)));
    }
}
