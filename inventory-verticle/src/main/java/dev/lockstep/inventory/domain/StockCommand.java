package dev.lockstep.inventory.domain;

import java.util.List;

/** A command from the saga about the stock of an order. */
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

    /** Give back all stock held for the order, and hold none in the future. */
    record Release(OrderId orderId) implements StockCommand {}
}
