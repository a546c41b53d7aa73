package dev.lockstep.payment.domain;

/** Why an account was not charged. */
public enum DeclineReason {
    INSUFFICIENT_FUNDS,
    UNKNOWN_ACCOUNT,
    CURRENCY_MISMATCH
}
