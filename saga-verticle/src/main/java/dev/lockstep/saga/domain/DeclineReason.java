package dev.lockstep.saga.domain;

/**
 * Why an account was not charged. The order is cancelled for any of these reasons; only the history records which one it was.
 */
public enum DeclineReason {
    INSUFFICIENT_FUNDS,
    UNKNOWN_ACCOUNT,
    CURRENCY_MISMATCH
}
