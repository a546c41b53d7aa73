package dev.lockstep.inventory.domain;

/** So many of one product, as ordered. */
public record Line(ProductId productId, int qty) {
    public Line {
        if (qty < 1) {
            throw new IllegalArgumentException("qty must be at least 1, but was " + qty);
        }
    }
}
