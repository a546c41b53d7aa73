package dev.lockstep.payment.domain;

/** One side of a posting: what it adds to an account, negative for what it takes. */
public record LedgerEntry(LedgerAccount account, Money amount) {}
