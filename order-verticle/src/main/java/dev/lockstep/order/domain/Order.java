package dev.lockstep.order.domain;

import java.time.Instant;
import java.util.List;

/** An order with its current state. */
public record Order(
        OrderId id, String userId, List<OrderLine> lines, OrderState state, Instant createdAt, Instant updatedAt) {
    public Order {
        lines = List.copyOf(lines);
    }
}
