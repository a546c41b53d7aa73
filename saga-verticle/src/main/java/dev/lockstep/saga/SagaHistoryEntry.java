package dev.lockstep.saga;

import dev.lockstep.saga.domain.OrderId;

/**
 * One entry of a saga's history.
 *
 * @param state the state after the event
 * @param detail a JSON object with further members of the entry
 */
record SagaHistoryEntry(OrderId orderId, String event, StateName state, String detail) {}
