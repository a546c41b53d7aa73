package dev.lockstep.inventory.domain;

/**
 * A quantity of one product that is held for an order.
 *
 * @param unitPrice price of one unit at the time of the reservation, in minor units of the total's currency
 */
public record HeldLine(ProductId productId, long qty, long unitPrice) {}
