package dev.lockstep.saga;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lockstep.contracts.CancelOrder;
import dev.lockstep.contracts.CancelReason;
import dev.lockstep.contracts.ChargePayment;
import dev.lockstep.contracts.ConfirmOrder;
import dev.lockstep.contracts.InventoryCommand;
import dev.lockstep.contracts.InventoryEvent;
import dev.lockstep.contracts.Message;
import dev.lockstep.contracts.Money;
import dev.lockstep.contracts.OrderCancelRequested;
import dev.lockstep.contracts.OrderCancelled;
import dev.lockstep.contracts.OrderCommand;
import dev.lockstep.contracts.OrderConfirmed;
import dev.lockstep.contracts.OrderCreated;
import dev.lockstep.contracts.OrderEvent;
import dev.lockstep.contracts.OrderItem;
import dev.lockstep.contracts.PaymentCharged;
import dev.lockstep.contracts.PaymentCommand;
import dev.lockstep.contracts.PaymentDeclined;
import dev.lockstep.contracts.PaymentEvent;
import dev.lockstep.contracts.PaymentRefunded;
import dev.lockstep.contracts.RefundPayment;
import dev.lockstep.contracts.ReleaseStock;
import dev.lockstep.contracts.ReserveStock;
import dev.lockstep.contracts.StockRejected;
import dev.lockstep.contracts.StockReleased;
import dev.lockstep.contracts.StockReserved;
import dev.lockstep.contracts.Topics;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.saga.domain.Compensation;
import dev.lockstep.saga.domain.Compensation.Notice;
import dev.lockstep.saga.domain.Compensation.Undo;
import dev.lockstep.saga.domain.DeclineReason;
import dev.lockstep.saga.domain.OrderId;
import dev.lockstep.saga.domain.SagaCommand;
import dev.lockstep.saga.domain.SagaEvent;
import dev.lockstep.saga.domain.SagaState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Maps between contract messages, stored JSON and domain types. */
final class SagaMessages {
    static final MessageCodec<Message> CODEC = MessageCodec.<Message>of(
                    List.of(OrderEvent.class, InventoryEvent.class, PaymentEvent.class))
            .keyedBy("orderId", Message::orderId);
    private static final String AGGREGATE_TYPE = "saga";

    // Tolerates version skew in both directions: members added by a newer version are ignored, and members missing in
    // data of an older version are read as empty.
    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .withConfigOverride(List.class, list -> list.setSetterInfo(JsonSetter.Value.forValueNulls(Nulls.AS_EMPTY)))
            .withConfigOverride(
                    String.class, text -> text.setSetterInfo(JsonSetter.Value.forValueNulls(Nulls.AS_EMPTY)))
            .build();

    /**
     * Converts a message into an event.
     *
     * @throws UnprocessableMessageException if the message is not an event for the saga
     */
    SagaEvent toEvent(Message message) {
        OrderId order = new OrderId(message.orderId());
        return switch (message) {
            case OrderCreated created ->
                new SagaEvent.OrderPlaced(
                        order,
                        created.userId(),
                        created.items().stream()
                                .map(item -> new dev.lockstep.saga.domain.OrderItem(item.productId(), item.qty()))
                                .toList());
            case OrderCancelRequested requested -> new SagaEvent.CancelRequested(order);
            case OrderConfirmed confirmed -> new SagaEvent.OrderConfirmed(order);
            case OrderCancelled cancelled -> new SagaEvent.OrderCancelled(order);
            case StockReserved reserved -> new SagaEvent.StockReserved(order, toDomain(reserved.total()));
            case StockRejected rejected -> new SagaEvent.StockRejected(order, toDomain(rejected.reason()));
            case StockReleased released -> new SagaEvent.StockReleased(order);
            case PaymentCharged charged -> new SagaEvent.PaymentCharged(order, toDomain(charged.amount()));
            case PaymentDeclined declined -> new SagaEvent.PaymentDeclined(order, toDomain(declined.reason()));
            case PaymentRefunded refunded -> new SagaEvent.PaymentRefunded(order);
            case OrderCommand command -> throw unexpectedType(command);
            case InventoryCommand command -> throw unexpectedType(command);
            case PaymentCommand command -> throw unexpectedType(command);
        };
    }

    /** Converts a command into an outbox message. */
    OutboxMessage toMessage(SagaCommand command, @Nullable String traceparent) {
        String order = command.orderId().value();
        Message message = switch (command) {
            case SagaCommand.ReserveStock reserve ->
                new ReserveStock(
                        order,
                        reserve.items().stream()
                                .map(item -> new OrderItem(item.productId(), item.qty()))
                                .toList());
            case SagaCommand.ReleaseStock release -> new ReleaseStock(order);
            case SagaCommand.ChargePayment charge ->
                new ChargePayment(order, charge.userId(), toContract(charge.amount()));
            case SagaCommand.RefundPayment refund -> new RefundPayment(order);
            case SagaCommand.ConfirmOrder confirm -> new ConfirmOrder(order, toContract(confirm.total()));
            case SagaCommand.CancelOrder cancel -> new CancelOrder(order, toContract(cancel.reason()));
        };
        return OutboxMessage.of(AGGREGATE_TYPE, order, Topics.of(message), message, traceparent);
    }

    /** The data of the state as JSON, stored beside its {@link StateName}. */
    String toData(SagaState state) {
        return toJson(state);
    }

    /**
     * Reads a stored state.
     *
     * @throws UnreadableSagaException if no version of the service stores such a row
     */
    SagaState toState(String name, String data) {
        Class<? extends SagaState> type = StateName.find(name)
                .orElseThrow(() -> new UnreadableSagaException("unknown saga state " + name))
                .type();
        try {
            return JSON.readValue(data, type);
        } catch (JsonProcessingException e) {
            throw new UnreadableSagaException("a saga in state " + name + " cannot be read: " + e.getOriginalMessage());
        }
    }

    /**
     * The messages that must all arrive before the saga proceeds by itself, unless a participant rejects its command.
     */
    List<String> waitingFor(SagaState state) {
        return switch (state) {
            case SagaState.AwaitingOrder _ -> List.of(OrderCreated.class.getSimpleName());
            case SagaState.ReservingStock _ -> List.of(StockReserved.class.getSimpleName());
            case SagaState.ChargingPayment _ -> List.of(PaymentCharged.class.getSimpleName());
            case SagaState.ConfirmingOrder _ -> List.of(OrderConfirmed.class.getSimpleName());
            case SagaState.CancellingOrder _ -> List.of(OrderCancelled.class.getSimpleName());
            case SagaState.NotStarted _, SagaState.Ended _ -> List.of();
            case SagaState.PartlyUndone compensating -> waitingFor(compensating.left());
        };
    }

    /** The messages that were still outstanding when an operator abandoned the saga. */
    List<String> leftUndone(SagaState.Abandoned abandoned) {
        return waitingFor(abandoned.left());
    }

    private static List<String> waitingFor(Compensation left) {
        List<String> messages = new ArrayList<>();
        if (left.stock() != Undo.DONE) {
            messages.add(StockReleased.class.getSimpleName());
        }
        if (left.payment() != Undo.DONE) {
            messages.add(PaymentRefunded.class.getSimpleName());
        }
        if (left.notice() != Notice.ACKNOWLEDGED) {
            messages.add(OrderCancelled.class.getSimpleName());
        }
        return List.copyOf(messages);
    }

    /**
     * The name of the message that carried the event, as on its topic; for an event without a message, its own name.
     */
    String eventName(SagaEvent event) {
        return switch (event) {
            case SagaEvent.OrderPlaced _ -> OrderCreated.class.getSimpleName();
            case SagaEvent.CancelRequested _ -> OrderCancelRequested.class.getSimpleName();
            case SagaEvent.StockReserved _ -> StockReserved.class.getSimpleName();
            case SagaEvent.StockRejected _ -> StockRejected.class.getSimpleName();
            case SagaEvent.StockReleased _ -> StockReleased.class.getSimpleName();
            case SagaEvent.PaymentCharged _ -> PaymentCharged.class.getSimpleName();
            case SagaEvent.PaymentDeclined _ -> PaymentDeclined.class.getSimpleName();
            case SagaEvent.PaymentRefunded _ -> PaymentRefunded.class.getSimpleName();
            case SagaEvent.OrderConfirmed _ -> OrderConfirmed.class.getSimpleName();
            case SagaEvent.OrderCancelled _ -> OrderCancelled.class.getSimpleName();
            case SagaEvent.DeadlinePassed _, SagaEvent.OperatorAction _ ->
                event.getClass().getSimpleName();
        };
    }

    /** The name under which an operator's action is recorded. */
    String actionName(SagaEvent.OperatorAction action) {
        return switch (action) {
            case SagaEvent.RetryRequested _ -> "saga.retry";
            case SagaEvent.CompensationRequested _ -> "saga.compensate";
            case SagaEvent.AbandonRequested _ -> "saga.abandon";
        };
    }

    /**
     * The members of a history entry besides event and state: the data of the event, and the commands that were sent.
     *
     * @param by the operator who initiated the step, or null if there is none
     */
    String toDetail(SagaEvent event, List<OutboxMessage> sent, @Nullable ActionInitiator by) {
        Map<String, Object> detail = new LinkedHashMap<>();
        if (by != null) {
            detail.put("by", by.operator().name());
            if (by.reason() != null) {
                detail.put("reason", by.reason());
            }
        }
        switch (event) {
            case SagaEvent.StockReserved reserved -> detail.put("total", reserved.total());
            case SagaEvent.StockRejected rejected -> detail.put("reason", rejected.reason());
            case SagaEvent.PaymentDeclined declined -> detail.put("reason", declined.reason());
            case SagaEvent.OrderPlaced _,
                    SagaEvent.CancelRequested _,
                    SagaEvent.StockReleased _,
                    SagaEvent.PaymentCharged _,
                    SagaEvent.PaymentRefunded _,
                    SagaEvent.OrderConfirmed _,
                    SagaEvent.OrderCancelled _,
                    SagaEvent.DeadlinePassed _,
                    SagaEvent.OperatorAction _ -> {}
        }
        if (!sent.isEmpty()) {
            detail.put("sent", sent.stream().map(OutboxMessage::type).toList());
        }
        return toJson(detail);
    }

    private static String toJson(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(value + " cannot be written as JSON", e);
        }
    }

    private static UnprocessableMessageException unexpectedType(Message message) {
        return new UnprocessableMessageException(
                "UNEXPECTED_TYPE",
                message.getClass().getSimpleName() + " is sent by the saga service, which does not consume it");
    }

    private static dev.lockstep.saga.domain.Money toDomain(Money money) {
        return new dev.lockstep.saga.domain.Money(money.amount(), money.currency());
    }

    private static Money toContract(dev.lockstep.saga.domain.Money money) {
        return new Money(money.amount(), money.currency());
    }

    private static dev.lockstep.saga.domain.CancelReason toDomain(CancelReason reason) {
        return switch (reason) {
            case OUT_OF_STOCK -> dev.lockstep.saga.domain.CancelReason.OUT_OF_STOCK;
            case UNKNOWN_PRODUCT -> dev.lockstep.saga.domain.CancelReason.UNKNOWN_PRODUCT;
            case MIXED_CURRENCIES -> dev.lockstep.saga.domain.CancelReason.MIXED_CURRENCIES;
            case PAYMENT_DECLINED -> dev.lockstep.saga.domain.CancelReason.PAYMENT_DECLINED;
            case TIMED_OUT -> dev.lockstep.saga.domain.CancelReason.TIMED_OUT;
            case CANCELLED_BY_CUSTOMER -> dev.lockstep.saga.domain.CancelReason.CANCELLED_BY_CUSTOMER;
            case CANCELLED_BY_OPERATOR -> dev.lockstep.saga.domain.CancelReason.CANCELLED_BY_OPERATOR;
        };
    }

    private static CancelReason toContract(dev.lockstep.saga.domain.CancelReason reason) {
        return switch (reason) {
            case OUT_OF_STOCK -> CancelReason.OUT_OF_STOCK;
            case UNKNOWN_PRODUCT -> CancelReason.UNKNOWN_PRODUCT;
            case MIXED_CURRENCIES -> CancelReason.MIXED_CURRENCIES;
            case PAYMENT_DECLINED -> CancelReason.PAYMENT_DECLINED;
            case TIMED_OUT -> CancelReason.TIMED_OUT;
            case CANCELLED_BY_CUSTOMER -> CancelReason.CANCELLED_BY_CUSTOMER;
            case CANCELLED_BY_OPERATOR -> CancelReason.CANCELLED_BY_OPERATOR;
        };
    }

    private static DeclineReason toDomain(dev.lockstep.contracts.DeclineReason reason) {
        return switch (reason) {
            case INSUFFICIENT_FUNDS -> DeclineReason.INSUFFICIENT_FUNDS;
            case UNKNOWN_ACCOUNT -> DeclineReason.UNKNOWN_ACCOUNT;
            case CURRENCY_MISMATCH -> DeclineReason.CURRENCY_MISMATCH;
        };
    }
}
