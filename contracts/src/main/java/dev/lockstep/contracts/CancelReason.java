package dev.lockstep.contracts;

/** Why an order was cancelled. */
public enum CancelReason {
    OUT_OF_STOCK,
    UNKNOWN_PRODUCT,
    /** The products ordered together are priced in different currencies, so there is no total to charge. */
    MIXED_CURRENCIES,
    PAYMENT_DECLINED,
    TIMED_OUT,
    CANCELLED_BY_CUSTOMER,
    /** Somebody who runs the system gave the order up, and the saga's history says who and why. */
    CANCELLED_BY_OPERATOR
}
