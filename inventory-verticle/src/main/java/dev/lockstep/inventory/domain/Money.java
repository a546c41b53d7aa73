package dev.lockstep.inventory.domain;

/** An amount in the currency's minor units. */
public record Money(long amount, String currency) {}
