package dev.lockstep.saga;

import dev.lockstep.saga.domain.OrderId;

/**
 * One line of a saga's history.
 *
 * @param state the state that the event led to
 * @param detail a JSON object with whatever else there is to tell
 */
record SagaHistoryEntry(OrderId orderId, String event, StateName state, String detail) {}
