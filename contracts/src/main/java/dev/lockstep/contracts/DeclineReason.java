package dev.lockstep.contracts;

/** Why an account was not charged. */
public enum DeclineReason {
    INSUFFICIENT_FUNDS,
    UNKNOWN_ACCOUNT,
    /** The account has a different currency than the order. */
    CURRENCY_MISMATCH
}
