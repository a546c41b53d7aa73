package dev.lockstep.order;

import dev.lockstep.order.domain.OrderId;
import dev.lockstep.order.domain.OrderStatus;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which orders are asked for, newest first.
 *
 * @param userId whose, or null for everybody's
 * @param before only older ones than this, or null for the newest
 * @param rows how many at most
 */
record OrderFilter(
        @Nullable String userId,
        Set<OrderStatus> statuses,
        @Nullable OrderId before,
        int rows) {
    OrderFilter {
        statuses = Set.copyOf(statuses);
    }
}
