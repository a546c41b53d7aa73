package dev.lockstep.inventory.domain;

/** Why nothing was held for an order. */
public enum RejectionReason {
    UNKNOWN_PRODUCT,
    /** The products are priced in different currencies, so there is no total. */
    MIXED_CURRENCIES,
    OUT_OF_STOCK
}
