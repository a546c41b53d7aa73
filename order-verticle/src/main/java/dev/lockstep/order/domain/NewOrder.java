package dev.lockstep.order.domain;

import java.time.Instant;
import java.util.List;

/** An order before it is written. */
public record NewOrder(OrderId id, String userId, List<OrderLine> lines) {
    public NewOrder {
        lines = List.copyOf(lines);
    }

    /** The order as it stands after it was written at the given time. */
    public Order placedAt(Instant time) {
        return new Order(id, userId, lines, new OrderState.Pending(), time, time);
    }
}
