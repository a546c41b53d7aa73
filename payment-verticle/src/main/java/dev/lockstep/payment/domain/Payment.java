package dev.lockstep.payment.domain;

import org.jspecify.annotations.Nullable;

/** State of the payment of one order. */
public sealed interface Payment {
    OrderId orderId();

    /** No command was received for the order yet. */
    record Unseen(OrderId orderId) implements Payment {}

    /** A decision was made. It is sent again whenever a command is repeated. */
    sealed interface Decided extends Payment {}

    record Charged(OrderId orderId, UserId userId, Money amount) implements Decided {}

    /** Nothing was charged. The amount is the requested amount. */
    record Declined(OrderId orderId, UserId userId, Money amount, DeclineReason reason) implements Decided {}

    /**
     * Nothing is charged, and nothing will be charged in the future.
     *
     * @param userId the user who was to be charged, or null if no charge was requested before the refund
     * @param amount the amount that was charged and refunded, or null if nothing was charged
     */
    record Refunded(
            OrderId orderId,
            @Nullable UserId userId,
            @Nullable Money amount) implements Decided {}
}
