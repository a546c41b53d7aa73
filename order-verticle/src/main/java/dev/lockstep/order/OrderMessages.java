package dev.lockstep.order;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lockstep.contracts.CancelOrder;
import dev.lockstep.contracts.ConfirmOrder;
import dev.lockstep.contracts.Message;
import dev.lockstep.contracts.OrderCancelRequested;
import dev.lockstep.contracts.OrderCancelled;
import dev.lockstep.contracts.OrderConfirmed;
import dev.lockstep.contracts.OrderCreated;
import dev.lockstep.contracts.OrderItem;
import dev.lockstep.contracts.Topics;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.order.domain.CancelReason;
import dev.lockstep.order.domain.Money;
import dev.lockstep.order.domain.NewOrder;
import dev.lockstep.order.domain.OrderCommand;
import dev.lockstep.order.domain.OrderEvent;
import dev.lockstep.order.domain.OrderId;
import dev.lockstep.order.domain.OrderLine;
import java.util.List;

/**
 * Maps between domain types and the messages exchanged with other services, and between order lines and the JSON stored in the order's row.
 */
final class OrderMessages {
    static final MessageCodec<dev.lockstep.contracts.OrderCommand> CODEC =
            MessageCodec.of(dev.lockstep.contracts.OrderCommand.class).keyedBy("orderId", Message::orderId);
    private static final String AGGREGATE_TYPE = "order";
    private static final JsonMapper JSON = new JsonMapper();
    private static final ObjectWriter LINES_WRITER =
            JSON.writerFor(JSON.getTypeFactory().constructCollectionType(List.class, OrderLine.class));
    private static final ObjectReader LINES_READER = JSON.readerForListOf(OrderLine.class);

    OutboxMessage created(PlaceOrder placement) {
        NewOrder order = placement.order();
        List<OrderItem> items = order.lines().stream()
                .map(line -> new OrderItem(line.productId(), line.qty()))
                .toList();
        return message(new OrderCreated(order.id().toString(), order.userId(), items), placement.traceparent())
                .asFirst();
    }

    OutboxMessage event(OrderId id, OrderEvent event, String traceparent) {
        String orderId = id.toString();
        Message message = switch (event) {
            case OrderEvent.CancelRequested requested -> new OrderCancelRequested(orderId);
            case OrderEvent.Confirmed confirmed -> new OrderConfirmed(orderId, toContract(confirmed.total()));
            case OrderEvent.Cancelled cancelled -> new OrderCancelled(orderId, toContract(cancelled.reason()));
        };
        return message(message, traceparent);
    }

    OrderCommand command(dev.lockstep.contracts.OrderCommand command) {
        return switch (command) {
            case ConfirmOrder confirm -> new OrderCommand.Confirm(toDomain(confirm.total()));
            case CancelOrder cancel -> new OrderCommand.Cancel(toDomain(cancel.reason()));
        };
    }

    static String linesToJson(List<OrderLine> lines) {
        try {
            return LINES_WRITER.writeValueAsString(lines);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("items could not be written as JSON", e);
        }
    }

    static List<OrderLine> linesFromJson(String json) {
        try {
            return LINES_READER.readValue(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("orders.items is not valid: " + json, e);
        }
    }

    private static OutboxMessage message(Message message, String traceparent) {
        return OutboxMessage.of(AGGREGATE_TYPE, message.orderId(), Topics.of(message), message, traceparent);
    }

    private static dev.lockstep.contracts.Money toContract(Money money) {
        return new dev.lockstep.contracts.Money(money.amount(), money.currency());
    }

    private static Money toDomain(dev.lockstep.contracts.Money money) {
        return new Money(money.amount(), money.currency());
    }

    // An exhaustive switch rather than a lookup by name: a reason that one side lacks must not compile.
    private static dev.lockstep.contracts.CancelReason toContract(CancelReason reason) {
        return switch (reason) {
            case OUT_OF_STOCK -> dev.lockstep.contracts.CancelReason.OUT_OF_STOCK;
            case UNKNOWN_PRODUCT -> dev.lockstep.contracts.CancelReason.UNKNOWN_PRODUCT;
            case MIXED_CURRENCIES -> dev.lockstep.contracts.CancelReason.MIXED_CURRENCIES;
            case PAYMENT_DECLINED -> dev.lockstep.contracts.CancelReason.PAYMENT_DECLINED;
            case TIMED_OUT -> dev.lockstep.contracts.CancelReason.TIMED_OUT;
            case CANCELLED_BY_CUSTOMER -> dev.lockstep.contracts.CancelReason.CANCELLED_BY_CUSTOMER;
            case CANCELLED_BY_OPERATOR -> dev.lockstep.contracts.CancelReason.CANCELLED_BY_OPERATOR;
        };
    }

    private static CancelReason toDomain(dev.lockstep.contracts.CancelReason reason) {
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
}
