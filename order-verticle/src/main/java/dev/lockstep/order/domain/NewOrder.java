package dev.lockstep.order.domain;

import java.time.Instant;
import java.util.List;

/** What a customer asks for, before it is anywhere. */
public record NewOrder(OrderId id, String userId, List<OrderLine> lines) {
    public NewOrder {
        lines = List.copyOf(lines);
    }

    /** The order that this is once it was written at that time. */
    public Order placedAt(Instant time) {
        return new Order(id, userId, lines, new OrderState.Pending(), time, time);
    }
}
