package dev.lockstep.order;

import dev.lockstep.order.domain.NewOrder;
import org.jspecify.annotations.Nullable;

/**
 * An order to be written, with what came with it.
 *
 * @param traceparent the W3C trace context that everything said of this order belongs to
 * @param idempotency what makes a repeat of the request recognisable, if the client asked for that
 */
record PlaceOrder(
        NewOrder order, String traceparent, @Nullable Idempotency idempotency) {}
