package dev.lockstep.payment.domain;

/** One side of a posting: the amount added to an account, negative if it is taken from the account. */
public record LedgerEntry(LedgerAccount account, Money amount) {}
