package dev.lockstep.inventory;

import dev.lockstep.contracts.CancelReason;
import dev.lockstep.contracts.InventoryCommand;
import dev.lockstep.contracts.InventoryEvent;
import dev.lockstep.contracts.Money;
import dev.lockstep.contracts.ReleaseStock;
import dev.lockstep.contracts.ReserveStock;
import dev.lockstep.contracts.StockRejected;
import dev.lockstep.contracts.StockReleased;
import dev.lockstep.contracts.StockReserved;
import dev.lockstep.contracts.Topics;
import dev.lockstep.inventory.domain.OrderId;
import dev.lockstep.inventory.domain.OrderLine;
import dev.lockstep.inventory.domain.ProductId;
import dev.lockstep.inventory.domain.RejectionReason;
import dev.lockstep.inventory.domain.Reservation.Decided;
import dev.lockstep.inventory.domain.Reservation.Held;
import dev.lockstep.inventory.domain.Reservation.Rejected;
import dev.lockstep.inventory.domain.Reservation.Released;
import dev.lockstep.inventory.domain.StockCommand;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.outbox.OutboxMessage;
import org.jspecify.annotations.Nullable;

/** Maps between contract messages and domain types. */
final class InventoryMessages {
    static final MessageCodec<InventoryCommand> CODEC =
            MessageCodec.of(InventoryCommand.class).keyedBy("orderId", InventoryCommand::orderId);
    private static final String AGGREGATE_TYPE = "reservation";

    /** Converts a command message into a domain command. */
    StockCommand toCommand(InventoryCommand command) {
        return switch (command) {
            case ReserveStock reserve ->
                new StockCommand.Reserve(
                        new OrderId(reserve.orderId()),
                        reserve.items().stream()
                                .map(item -> new OrderLine(new ProductId(item.productId()), item.qty()))
                                .toList());
            case ReleaseStock release -> new StockCommand.Release(new OrderId(release.orderId()));
        };
    }

    /** The reply that reports the current reservation of the order. */
    OutboxMessage toAnswer(OrderId orderId, Decided reservation, @Nullable String traceparent) {
        InventoryEvent event = toEvent(orderId.value(), reservation);
        return OutboxMessage.of(AGGREGATE_TYPE, event.orderId(), Topics.of(event), event, traceparent);
    }

    private static InventoryEvent toEvent(String orderId, Decided reservation) {
        return switch (reservation) {
            case Held held ->
                new StockReserved(
                        orderId, new Money(held.total().amount(), held.total().currency()));
            case Rejected rejected -> new StockRejected(orderId, toReason(rejected.reason()));
            case Released released -> new StockReleased(orderId);
        };
    }

    private static CancelReason toReason(RejectionReason reason) {
        return switch (reason) {
            case UNKNOWN_PRODUCT -> CancelReason.UNKNOWN_PRODUCT;
            case MIXED_CURRENCIES -> CancelReason.MIXED_CURRENCIES;
            case OUT_OF_STOCK -> CancelReason.OUT_OF_STOCK;
        };
    }
}
