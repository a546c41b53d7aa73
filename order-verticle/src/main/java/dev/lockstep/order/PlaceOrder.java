package dev.lockstep.order;

import dev.lockstep.order.domain.NewOrder;
import org.jspecify.annotations.Nullable;

/**
 * A placement: the request to write a new order.
 *
 * @param traceparent the W3C trace context of the order; the order's messages carry it
 * @param idempotency identifies repeats of the request, or null if the client sent no idempotency key
 */
record PlaceOrder(
        NewOrder order, String traceparent, @Nullable Idempotency idempotency) {}
