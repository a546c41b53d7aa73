package dev.lockstep.inventory.domain;

/** An order costs more than a total can say. */
public final class TotalTooLargeException extends RuntimeException {
    /** The largest number that every JSON reader takes as it is, and so the largest total that a message can carry. */
    static final long LARGEST_TOTAL = 9_007_199_254_740_991L;

    private TotalTooLargeException(String message) {
        super(message, null, false, false);
    }

    static TotalTooLargeException of(OrderId orderId) {
        return new TotalTooLargeException(
                "the total of order %s exceeds %d minor units".formatted(orderId, LARGEST_TOTAL));
    }
}
