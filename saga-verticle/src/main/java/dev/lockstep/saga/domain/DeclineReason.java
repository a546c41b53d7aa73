package dev.lockstep.saga.domain;

/** Why an account was not charged. The order is cancelled all the same; the history keeps it. */
public enum DeclineReason {
    INSUFFICIENT_FUNDS,
    UNKNOWN_ACCOUNT,
    CURRENCY_MISMATCH
}
