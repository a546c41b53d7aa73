package dev.lockstep.order;

import dev.lockstep.order.domain.OrderId;
import dev.lockstep.order.domain.OrderState;

/** As much of an order as a decision needs, its row locked until the transaction ends. */
record LockedOrder(OrderId id, OrderState state, String traceparent) {}
