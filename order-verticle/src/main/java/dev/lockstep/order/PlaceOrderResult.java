package dev.lockstep.order;

import dev.lockstep.order.domain.Order;

/** What came of a placement. */
sealed interface PlaceOrderResult {
    /** The order is durable, as it was when it was first accepted. */
    record Accepted(Order order) implements PlaceOrderResult {}

    /** Nothing was written: the key belongs to a request that asked for something else. */
    record KeyReused() implements PlaceOrderResult {}
}
