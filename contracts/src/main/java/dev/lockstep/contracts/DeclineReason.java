package dev.lockstep.contracts;

/** Why an account was not charged. */
public enum DeclineReason {
    INSUFFICIENT_FUNDS,
    UNKNOWN_ACCOUNT,
    /** The account is kept in another currency than the order is priced in. */
    CURRENCY_MISMATCH
}
