package dev.lockstep.inventory.domain;

import java.util.List;

/** What the saga asks for on behalf of an order. */
public sealed interface StockCommand {
    OrderId orderId();

    /** Hold all of these lines, or none. */
    record Reserve(OrderId orderId, List<OrderLine> lines) implements StockCommand {
        public Reserve {
            lines = List.copyOf(lines);
            if (lines.isEmpty()) {
                throw new IllegalArgumentException("lines must not be empty");
            }
        }
    }

    /** Give back whatever is held, and hold nothing any more. */
    record Release(OrderId orderId) implements StockCommand {}
}
