package dev.lockstep.order.domain;

/** Why an order was cancelled. */
public enum CancelReason {
    OUT_OF_STOCK,
    UNKNOWN_PRODUCT,
    MIXED_CURRENCIES,
    PAYMENT_DECLINED,
    TIMED_OUT,
    CANCELLED_BY_CUSTOMER,
    CANCELLED_BY_OPERATOR
}
