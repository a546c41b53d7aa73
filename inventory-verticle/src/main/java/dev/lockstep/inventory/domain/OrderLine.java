package dev.lockstep.inventory.domain;

/** A product and the quantity ordered. */
public record OrderLine(ProductId productId, int qty) {
    public OrderLine {
        if (qty < 1) {
            throw new IllegalArgumentException("qty must be at least 1, but was " + qty);
        }
    }
}
