package dev.lockstep.inventory.domain;

/** An order costs more than a total can say. */
public final class TotalTooLargeException extends RuntimeException {
    private TotalTooLargeException(String message) {
        super(message, null, false, false);
    }

    static TotalTooLargeException of(OrderId orderId) {
        return new TotalTooLargeException(
                "the total of order %s exceeds %d minor units".formatted(orderId, Long.MAX_VALUE));
    }
}
