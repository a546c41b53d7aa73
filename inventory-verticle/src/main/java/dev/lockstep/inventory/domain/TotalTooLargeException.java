package dev.lockstep.inventory.domain;

/** The total of an order exceeds the largest amount that a message can carry. */
public final class TotalTooLargeException extends RuntimeException {
    /**
     * The largest integer that every JSON reader represents exactly, and therefore the largest total that a message can carry.
     */
    static final long LARGEST_TOTAL = 9_007_199_254_740_991L;

    private TotalTooLargeException(String message) {
        super(message, null, false, false);
    }

    static TotalTooLargeException of(OrderId orderId) {
        return new TotalTooLargeException(
                "the total of order %s exceeds %d minor units".formatted(orderId, LARGEST_TOTAL));
    }
}
