package dev.lockstep.order;

import dev.lockstep.order.domain.CancelReason;
import dev.lockstep.order.domain.Money;
import dev.lockstep.order.domain.Order;
import dev.lockstep.order.domain.OrderLine;
import dev.lockstep.order.domain.OrderState.CancelRequested;
import dev.lockstep.order.domain.OrderState.Cancelled;
import dev.lockstep.order.domain.OrderState.Confirmed;
import dev.lockstep.order.domain.OrderState.Pending;
import dev.lockstep.order.domain.OrderStatus;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** JSON representation of an order in HTTP responses. */
record OrderView(
        String orderId,
        String userId,
        List<OrderLine> items,
        OrderStatus status,
        @Nullable CancelReason reason,
        @Nullable Money total,
        Instant createdAt,
        Instant updatedAt) {

    static OrderView of(Order order) {
        return switch (order.state()) {
            case Pending pending -> of(order, null, null);
            case CancelRequested pending -> of(order, null, null);
            case Confirmed confirmed -> of(order, null, confirmed.total());
            case Cancelled cancelled -> of(order, cancelled.reason(), null);
        };
    }

    private static OrderView of(Order order, @Nullable CancelReason reason, @Nullable Money total) {
        return new OrderView(
                order.id().toString(),
                order.userId(),
                order.lines(),
                order.state().status(),
                reason,
                total,
                order.createdAt(),
                order.updatedAt());
    }
}
