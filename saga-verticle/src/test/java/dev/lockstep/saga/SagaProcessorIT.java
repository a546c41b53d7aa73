package dev.lockstep.saga;

import static dev.lockstep.saga.SagaDatabase.received;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.lockstep.contracts.CancelReason;
import dev.lockstep.contracts.DeclineReason;
import dev.lockstep.contracts.Message;
import dev.lockstep.contracts.Money;
import dev.lockstep.contracts.OrderCancelRequested;
import dev.lockstep.contracts.OrderCancelled;
import dev.lockstep.contracts.OrderConfirmed;
import dev.lockstep.contracts.OrderCreated;
import dev.lockstep.contracts.OrderItem;
import dev.lockstep.contracts.PaymentCharged;
import dev.lockstep.contracts.PaymentDeclined;
import dev.lockstep.contracts.StockReleased;
import dev.lockstep.contracts.StockReserved;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.failure.UnprocessableMessagesException;
import dev.lockstep.saga.SagaDatabase.Sent;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Transaction;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaProcessorIT {
    private static final AtomicInteger TESTS = new AtomicInteger();
    private static final Money TOTAL = new Money(4000, "KRW");
    private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    @RegisterExtension
    static final SagaDatabase database = new SagaDatabase();

    private final String order = "order-" + TESTS.incrementAndGet();

    @Test
    void an_order_proceeds_to_confirmation() {
        await(database.batch(created(order)));
        await(database.batch(new StockReserved(order, TOTAL)));
        await(database.batch(new PaymentCharged(order, TOTAL)));
        await(database.batch(new OrderConfirmed(order, TOTAL)));

        assertThat(database.sent(order))
                .containsExactly(
                        new Sent("ReserveStock", "inventory.commands", "saga", null),
                        new Sent("ChargePayment", "payment.commands", "saga", null),
                        new Sent("ConfirmOrder", "order.commands", "saga", null));
        assertThat(database.history(order))
                .extracting(step -> step.get("event"), step -> step.get("state"), step -> step.get("sent"))
                .containsExactly(
                        tuple("OrderCreated", "RESERVING_STOCK", List.of("ReserveStock")),
                        tuple("StockReserved", "CHARGING_PAYMENT", List.of("ChargePayment")),
                        tuple("PaymentCharged", "CONFIRMING_ORDER", List.of("ConfirmOrder")),
                        tuple("OrderConfirmed", "CONFIRMED", null));
        assertThat(database.saga(order).waiting().deadline()).isNull();
        assertThat(database.meters
                        .timer("lockstep.saga.duration", "outcome", "CONFIRMED", "reason", "NONE")
                        .totalTime(TimeUnit.NANOSECONDS))
                .isPositive();
    }

    @Test
    void an_order_id_that_the_database_alters_fails_permanently() {
        await(database.pool.query("""
                CREATE FUNCTION change_order_id() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN NEW.order_id := 'changed-' || NEW.order_id; RETURN NEW; END $$
                """).execute());
        await(database.pool.query("""
                CREATE TRIGGER change_order_id BEFORE INSERT ON saga FOR EACH ROW
                WHEN (NEW.order_id LIKE 'odd-%') EXECUTE FUNCTION change_order_id()
                """).execute());
        String odd = "odd-" + order;

        assertThatThrownBy(() -> await(database.batch(created(order), new OrderCancelRequested(odd))))
                .isInstanceOf(UnprocessableMessageException.class)
                .hasMessageContaining(odd);
        assertThatThrownBy(() -> await(database.batch(new OrderCancelRequested(odd))))
                .isInstanceOf(UnprocessableMessageException.class)
                .hasMessageContaining(odd);
        assertThat(database.history(order)).isEmpty();
    }

    @Test
    void only_a_locked_saga_is_blocked() {
        await(database.batch(created(order), created(order + "-free")));
        SqlConnection operator = await(database.pool.getConnection());
        await(operator.begin());
        await(operator.query("SELECT FROM saga WHERE order_id = '" + order + "' FOR UPDATE")
                .execute());
        List<ReceivedMessage<Message>> messages = List.of(
                received(new OrderCancelRequested(order), null),
                received(new OrderCancelRequested(order + "-free"), null),
                received(created(order + "-new"), null));

        Set<UUID> lockedOut =
                await(database.pool.withTransaction(tx -> database.processor.blockedMessages(tx, messages)));
        await(operator.close());

        assertThat(lockedOut).containsExactly(messages.getFirst().messageId());
    }

    @Test
    void the_history_records_the_replies_of_participants() {
        await(database.batch(
                created(order),
                new StockReserved(order, TOTAL),
                new PaymentDeclined(order, DeclineReason.INSUFFICIENT_FUNDS)));

        assertThat(database.history(order).subList(1, 3))
                .extracting(step -> step.get("total"), step -> step.get("reason"))
                .containsExactly(
                        tuple(Map.of("amount", 4000, "currency", "KRW"), null), tuple(null, "INSUFFICIENT_FUNDS"));
        assertThat(database.saga(order).progress().reason()).isEqualTo("PAYMENT_DECLINED");
    }

    @Test
    void several_events_of_one_order_in_a_batch_are_decided_one_after_the_other() {
        await(database.batch(created(order), new OrderCancelRequested(order), new StockReserved(order, TOTAL)));

        assertThat(database.sentTypes(order)).containsExactly("ReserveStock", "ReleaseStock");
        SagaView saga = database.saga(order);
        assertThat(saga.state()).isEqualTo("COMPENSATING");
        assertThat(saga.waiting().waitingFor()).containsExactly("StockReleased", "OrderCancelled");
    }

    @Test
    void a_whole_batch_of_orders_is_started_at_once() {
        Message[] batch = IntStream.range(0, 500)
                .mapToObj(i -> created("batch-%d-%d".formatted(TESTS.get(), i)))
                .toArray(Message[]::new);

        await(database.batch(batch));

        assertThat(batch)
                .extracting(message -> database.saga(message.orderId()).state())
                .hasSize(500)
                .containsOnly("RESERVING_STOCK");
    }

    @Test
    void deadlines_are_set_by_the_clock_of_the_database() {
        await(database.batch(created(order)));

        assertThat(database.secondsLeft(order)).isCloseTo(100, within(30.0));
    }

    @Test
    void a_repeat_does_not_change_the_deadline_or_the_history() {
        await(database.batch(created(order)));
        await(database.batch(new StockReserved(order, TOTAL)));
        SagaView before = database.saga(order);
        List<Map<String, Object>> steps = database.history(order);

        await(database.batch(created(order), new StockReserved(order, TOTAL)));

        assertThat(database.saga(order)).isEqualTo(before);
        assertThat(database.history(order)).isEqualTo(steps);
        assertThat(database.sentTypes(order)).containsExactly("ReserveStock", "ChargePayment");
    }

    @Test
    void a_late_success_is_undone_and_recorded_without_a_state_change() {
        await(database.batch(created(order), new OrderCancelRequested(order)));
        await(database.batch(new StockReleased(order)));
        await(database.batch(new OrderCancelled(order, CancelReason.CANCELLED_BY_CUSTOMER)));

        await(database.batch(new StockReserved(order, TOTAL)));

        assertThat(database.sentTypes(order))
                .containsExactly("ReserveStock", "ReleaseStock", "CancelOrder", "ReleaseStock");
        assertThat(database.history(order).getLast())
                .containsEntry("event", "StockReserved")
                .containsEntry("state", "CANCELLED")
                .containsEntry("sent", List.of("ReleaseStock"));
    }

    @Test
    void a_command_carries_the_trace_of_the_message_that_caused_it() {
        await(database.pool.withTransaction(
                tx -> database.processor.handle(tx, List.of(received(created(order), TRACE)))));

        assertThat(database.sent(order)).extracting(Sent::traceparent).containsExactly(TRACE);
    }

    @Test
    void an_unexpected_event_fails_permanently_and_its_batch_is_rolled_back() {
        Future<Void> handled = database.batch(created(order), new StockReserved("never-started-" + order, TOTAL));

        assertThatThrownBy(() -> await(handled))
                .asInstanceOf(InstanceOfAssertFactories.type(UnprocessableMessagesException.class))
                .satisfies(refused -> assertThat(refused.messages().values())
                        .singleElement()
                        .extracting(UnprocessableMessageException::reason, UnprocessableMessageException::getMessage)
                        .containsExactly(
                                "UNEXPECTED_EVENT",
                                "StockReserved cannot follow NotStarted for order never-started-" + order));
        assertThat(await(database.views.find(database.pool, order))).isEmpty();
        assertThat(database.sent(order)).isEmpty();
    }

    @Test
    void a_concurrent_order_and_cancellation_are_both_applied() {
        SqlConnection first = await(database.pool.getConnection());
        Transaction transaction = await(first.begin());
        await(database.handle(first, created(order)));

        Future<Void> second = database.batch(new OrderCancelRequested(order));
        await().until(() -> database.waiting() == 1);
        await(transaction.commit());
        await(second);
        await(first.close());

        assertThat(database.history(order))
                .extracting(step -> step.get("event"), step -> step.get("state"))
                .containsExactly(
                        tuple("OrderCreated", "RESERVING_STOCK"), tuple("OrderCancelRequested", "COMPENSATING"));
        assertThat(database.sentTypes(order)).containsExactly("ReserveStock", "ReleaseStock");
    }

    @Test
    void batches_with_the_same_orders_in_another_order_do_not_deadlock() {
        List<String> orders = IntStream.range(0, 50)
                .mapToObj(i -> "%s-%d".formatted(order, i))
                .toList();
        await(database.batch(orders.stream().map(SagaProcessorIT::created).toArray(Message[]::new)));

        List<Future<Void>> batches = IntStream.range(0, 20)
                .mapToObj(round -> database.batch((round % 2 == 0 ? orders : orders.reversed())
                        .stream()
                                .map(id -> round < 10 ? new StockReserved(id, TOTAL) : new OrderCancelRequested(id))
                                .toArray(Message[]::new)))
                .toList();

        await(Future.join(batches));
        assertThat(orders).extracting(id -> database.saga(id).state()).containsOnly("COMPENSATING");
    }

    private static OrderCreated created(String order) {
        return new OrderCreated(order, "u1", List.of(new OrderItem("p1", 2)));
    }
}
