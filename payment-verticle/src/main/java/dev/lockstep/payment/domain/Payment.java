package dev.lockstep.payment.domain;

import org.jspecify.annotations.Nullable;

/** How the payment of one order stands. */
public sealed interface Payment {
    OrderId orderId();

    /** Nobody asked for it yet. */
    record Unseen(OrderId orderId) implements Payment {}

    /** Something was decided, and this is what the world is told whenever it asks again. */
    sealed interface Decided extends Payment {}

    record Charged(OrderId orderId, UserId userId, Money amount) implements Decided {}

    /** Nothing was taken. The amount is what was asked for. */
    record Declined(OrderId orderId, UserId userId, Money amount, DeclineReason reason) implements Decided {}

    /**
     * Nothing is taken any more and nothing will be.
     *
     * @param userId whose it was, or null when no charge had been asked for
     * @param amount what was charged and given back, or null when nothing was taken
     */
    record Refunded(
            OrderId orderId,
            @Nullable UserId userId,
            @Nullable Money amount) implements Decided {}
}
