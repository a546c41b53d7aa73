package dev.lockstep.inventory;

/**
 * Another transaction has decided on the same orders first. This happens, for example, when a consumer that lost its partitions finishes
 * its last batch. A retry sees the other transaction's decision.
 */
final class ReservationChangedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private ReservationChangedException(String message) {
        super(message, null, false, false);
    }

    static ReservationChangedException of(int orders) {
        return new ReservationChangedException(
                "another transaction changed the reservations of " + orders + " order(s) of the batch");
    }
}
