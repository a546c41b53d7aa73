package dev.lockstep.order.domain;

/**
 * An amount of money.
 *
 * @param amount in the currency's minor units
 * @param currency an ISO 4217 code
 */
public record Money(long amount, String currency) {}
