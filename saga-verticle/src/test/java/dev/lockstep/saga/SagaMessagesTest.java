package dev.lockstep.saga;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import dev.lockstep.contracts.PaymentRefunded;
import dev.lockstep.contracts.ReleaseStock;
import dev.lockstep.contracts.StockRejected;
import dev.lockstep.contracts.StockReleased;
import dev.lockstep.contracts.StockReserved;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.saga.domain.OrderId;
import dev.lockstep.saga.domain.SagaCommand;
import dev.lockstep.saga.domain.SagaEvent;
import dev.lockstep.saga.domain.SagaFixtures;
import dev.lockstep.saga.domain.SagaState;
import dev.lockstep.saga.domain.SagaState.NotStarted;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaMessagesTest {
    private static final OrderId ORDER = new OrderId("o1");
    private static final dev.lockstep.saga.domain.Money TOTAL = new dev.lockstep.saga.domain.Money(4000, "KRW");

    private final SagaMessages messages = new SagaMessages();

    @ParameterizedTest
    @MethodSource("storedStates")
    void a_stored_state_reads_back_as_it_was(SagaState state) {
        assertThat(messages.toState(StateName.of(state).name(), messages.toData(state)))
                .isEqualTo(state);
    }

    @Test
    void the_stored_json_is_stable() {
        SagaState retrying = messages.toState("RETRYING_COMPENSATION", """
                {"left":{"reason":"TIMED_OUT","stock":"DONE","payment":"OUTSTANDING","notice":"SENT"},"attempts":3}
                """);

        assertThat(messages.toData(retrying))
                .isEqualTo(
                        "{\"left\":{\"reason\":\"TIMED_OUT\",\"stock\":\"DONE\",\"payment\":\"OUTSTANDING\",\"notice\":\"SENT\"},"
                                + "\"attempts\":3}");
    }

    @Test
    void fields_stored_by_a_newer_version_are_ignored() {
        assertThat(messages.toState("CONFIRMED", "{\"since\":\"v2\"}")).isEqualTo(new SagaState.Confirmed());
    }

    @Test
    void a_state_stored_by_an_older_version_with_fewer_fields_is_read() {
        assertThat(messages.toState("RESERVING_STOCK", "{\"userId\":\"u1\"}"))
                .isEqualTo(new SagaState.ReservingStock("u1", List.of()));
        assertThat(messages.toState("CHARGING_PAYMENT", "{\"total\":{\"amount\":4000,\"currency\":\"KRW\"}}"))
                .isEqualTo(new SagaState.ChargingPayment("", TOTAL));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ASLEEP               | {}            | unknown saga state ASLEEP
            COMPENSATING         | {}            | a saga in state COMPENSATING cannot be read
            CONFIRMING_ORDER     | {"total":[]}  | a saga in state CONFIRMING_ORDER cannot be read
            RETRYING_COMPENSATION| {"left":null} | a saga in state RETRYING_COMPENSATION cannot be read
            """)
    void an_invalid_row_is_reported_as_unreadable(String state, String data, String problem) {
        assertThatThrownBy(() -> messages.toState(state, data))
                .isInstanceOf(UnreadableSagaException.class)
                .hasMessageStartingWith(problem);
    }

    @ParameterizedTest
    @MethodSource("received")
    void a_received_message_becomes_an_event_recorded_under_the_message_name(Message message, SagaEvent event) {
        assertThat(messages.toEvent(message)).isEqualTo(event);
        assertThat(messages.eventName(event)).isEqualTo(message.getClass().getSimpleName());
    }

    @ParameterizedTest
    @MethodSource("sent")
    void a_command_is_sent_on_its_participants_topic(SagaCommand command, String type, String topic, String payload) {
        OutboxMessage message = messages.toMessage(command, "trace");

        assertThat(message)
                .extracting(
                        OutboxMessage::aggregateType,
                        OutboxMessage::aggregateId,
                        OutboxMessage::type,
                        OutboxMessage::topic,
                        OutboxMessage::traceparent)
                .containsExactly("saga", "o1", type, topic, "trace");
        assertThat(new String(message.payload(), StandardCharsets.UTF_8)).isEqualTo(payload);
    }

    @ParameterizedTest
    @EnumSource
    void cancel_reasons_keep_their_names_in_both_directions(CancelReason reason) {
        StockRejected rejected = new StockRejected("o1", reason);

        SagaEvent.StockRejected event = (SagaEvent.StockRejected) messages.toEvent(rejected);
        OutboxMessage message = messages.toMessage(new SagaCommand.CancelOrder(ORDER, event.reason()), null);

        assertThat(new String(message.payload(), StandardCharsets.UTF_8))
                .isEqualTo("{\"orderId\":\"o1\",\"reason\":\"%s\"}", reason.name());
    }

    @Test
    void a_command_is_rejected_as_an_unexpected_type() {
        assertThatThrownBy(() -> messages.toEvent(new ReleaseStock("o1")))
                .isInstanceOf(UnprocessableMessageException.class)
                .hasMessage("ReleaseStock is sent by the saga service, which does not consume it");
    }

    private static Stream<SagaState> storedStates() {
        return SagaFixtures.STATES.stream().filter(state -> !(state instanceof NotStarted));
    }

    private static Stream<Arguments> received() {
        return Stream.of(
                Arguments.of(
                        new OrderCreated("o1", "u1", List.of(new OrderItem("p1", 2))),
                        new SagaEvent.OrderPlaced(
                                ORDER, "u1", List.of(new dev.lockstep.saga.domain.OrderItem("p1", 2)))),
                Arguments.of(new OrderCancelRequested("o1"), new SagaEvent.CancelRequested(ORDER)),
                Arguments.of(
                        new StockReserved("o1", new Money(4000, "KRW")), new SagaEvent.StockReserved(ORDER, TOTAL)),
                Arguments.of(
                        new StockRejected("o1", CancelReason.OUT_OF_STOCK),
                        new SagaEvent.StockRejected(ORDER, dev.lockstep.saga.domain.CancelReason.OUT_OF_STOCK)),
                Arguments.of(new StockReleased("o1"), new SagaEvent.StockReleased(ORDER)),
                Arguments.of(
                        new PaymentCharged("o1", new Money(4000, "KRW")), new SagaEvent.PaymentCharged(ORDER, TOTAL)),
                Arguments.of(
                        new PaymentDeclined("o1", DeclineReason.UNKNOWN_ACCOUNT),
                        new SagaEvent.PaymentDeclined(ORDER, dev.lockstep.saga.domain.DeclineReason.UNKNOWN_ACCOUNT)),
                Arguments.of(new PaymentRefunded("o1"), new SagaEvent.PaymentRefunded(ORDER)),
                Arguments.of(new OrderConfirmed("o1", new Money(4000, "KRW")), new SagaEvent.OrderConfirmed(ORDER)),
                Arguments.of(new OrderCancelled("o1", CancelReason.TIMED_OUT), new SagaEvent.OrderCancelled(ORDER)));
    }

    private static Stream<Arguments> sent() {
        return Stream.of(
                Arguments.of(
                        new SagaCommand.ReserveStock(ORDER, List.of(new dev.lockstep.saga.domain.OrderItem("p1", 2))),
                        "ReserveStock",
                        "inventory.commands",
                        "{\"orderId\":\"o1\",\"items\":[{\"productId\":\"p1\",\"qty\":2}]}"),
                Arguments.of(
                        new SagaCommand.ReleaseStock(ORDER),
                        "ReleaseStock",
                        "inventory.commands",
                        "{\"orderId\":\"o1\"}"),
                Arguments.of(
                        new SagaCommand.ChargePayment(ORDER, "u1", TOTAL),
                        "ChargePayment",
                        "payment.commands",
                        "{\"orderId\":\"o1\",\"userId\":\"u1\",\"amount\":{\"amount\":4000,\"currency\":\"KRW\"}}"),
                Arguments.of(
                        new SagaCommand.RefundPayment(ORDER),
                        "RefundPayment",
                        "payment.commands",
                        "{\"orderId\":\"o1\"}"),
                Arguments.of(
                        new SagaCommand.ConfirmOrder(ORDER, TOTAL),
                        "ConfirmOrder",
                        "order.commands",
                        "{\"orderId\":\"o1\",\"total\":{\"amount\":4000,\"currency\":\"KRW\"}}"),
                Arguments.of(
                        new SagaCommand.CancelOrder(ORDER, dev.lockstep.saga.domain.CancelReason.TIMED_OUT),
                        "CancelOrder",
                        "order.commands",
                        "{\"orderId\":\"o1\",\"reason\":\"TIMED_OUT\"}"));
    }
}
