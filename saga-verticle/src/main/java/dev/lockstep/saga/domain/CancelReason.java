package dev.lockstep.saga.domain;

/** Why a saga aborts an order. */
public enum CancelReason {
    OUT_OF_STOCK,
    UNKNOWN_PRODUCT,
    MIXED_CURRENCIES,
    PAYMENT_DECLINED,
    TIMED_OUT,
    CANCELLED_BY_CUSTOMER,
    CANCELLED_BY_OPERATOR
}
