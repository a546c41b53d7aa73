package dev.lockstep.order;

import dev.lockstep.order.domain.Order;

/** Result of placing an order. */
sealed interface PlaceOrderResult {
    /** The order is durable. It is returned in the state in which it was first accepted. */
    record Accepted(Order order) implements PlaceOrderResult {}

    /** Nothing was written: the key belongs to a different request. */
    record KeyReused() implements PlaceOrderResult {}
}
