package dev.lockstep.order;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.lockstep.order.domain.CancelReason;
import dev.lockstep.order.domain.Money;
import dev.lockstep.order.domain.Order;
import dev.lockstep.order.domain.OrderLine;
import dev.lockstep.order.domain.OrderState;
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
        @JsonUnwrapped Outcome outcome,
        Instant createdAt,
        Instant updatedAt) {

    /**
     * What became of the order.
     *
     * @param reason why it was cancelled, or null if it was not
     * @param total what was paid, or null unless it is confirmed
     */
    record Outcome(
            OrderStatus status,
            @Nullable CancelReason reason,
            @Nullable Money total) {
        static Outcome of(OrderState state) {
            return switch (state) {
                case Pending _, CancelRequested _ -> new Outcome(state.status(), null, null);
                case Confirmed confirmed -> new Outcome(state.status(), null, confirmed.total());
                case Cancelled cancelled -> new Outcome(state.status(), cancelled.reason(), null);
            };
        }
    }

    static OrderView of(Order order) {
        return new OrderView(
                order.id().toString(),
                order.userId(),
                order.lines(),
                Outcome.of(order.state()),
                order.createdAt(),
                order.updatedAt());
    }
}
