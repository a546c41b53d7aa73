package dev.lockstep.contracts;

/** So many of one product. */
public record OrderItem(String productId, int qty) {
    public OrderItem {
        Required.text(productId, "productId");
        if (qty < 1) {
            throw new IllegalArgumentException("qty must be at least 1, but was " + qty);
        }
    }
}
