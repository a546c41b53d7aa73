package dev.lockstep.inventory.domain;

/** Why a reservation was rejected. */
public enum RejectionReason {
    UNKNOWN_PRODUCT,
    /** The products are priced in different currencies, so no total exists. */
    MIXED_CURRENCIES,
    OUT_OF_STOCK
}
