package dev.lockstep.inventory;

/**
 * Another transaction decided on the same orders first, as when a consumer that lost its partitions finishes its last batch.
 * The next attempt sees what that one decided.
 */
final class ReservationChangedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private ReservationChangedException(String message) {
        super(message, null, false, false);
    }

    static ReservationChangedException of(int orders) {
        return new ReservationChangedException(
                orders + " order(s) of the batch were decided on by another transaction at the same time");
    }
}
