package dev.lockstep.contracts;

/** Why an order was cancelled. */
public enum CancelReason {
    OUT_OF_STOCK,
    UNKNOWN_PRODUCT,
    /** The ordered products are priced in different currencies, so there is no total to charge. */
    MIXED_CURRENCIES,
    PAYMENT_DECLINED,
    TIMED_OUT,
    CANCELLED_BY_CUSTOMER,
    /** An operator aborted the order. The saga's history records the operator and the reason. */
    CANCELLED_BY_OPERATOR
}
