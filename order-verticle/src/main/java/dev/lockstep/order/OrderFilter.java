package dev.lockstep.order;

import dev.lockstep.order.domain.OrderId;
import dev.lockstep.order.domain.OrderStatus;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Selects a page of orders, newest first.
 *
 * @param userId the user whose orders are listed, or null for the orders of all users
 * @param before lists only orders older than this one, or null to start with the newest
 * @param rows maximum number of rows
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
