package dev.lockstep.order;

import dev.lockstep.order.domain.OrderId;
import dev.lockstep.order.domain.OrderState;

/** The part of an order that a decision needs. Its row stays locked until the transaction ends. */
record LockedOrder(OrderId id, OrderState state, String traceparent) {}
