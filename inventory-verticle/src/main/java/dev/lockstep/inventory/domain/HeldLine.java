package dev.lockstep.inventory.domain;

/**
 * So many of one product, held for an order.
 *
 * @param unitPrice what one of it cost when it was reserved, in minor units of the total's currency
 */
public record HeldLine(ProductId productId, long qty, long unitPrice) {}
