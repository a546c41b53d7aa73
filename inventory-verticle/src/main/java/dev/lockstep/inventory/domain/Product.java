package dev.lockstep.inventory.domain;

/**
 * A product, its price and how much of it there is.
 *
 * @param available what can still be reserved
 * @param reserved what is held by live or confirmed orders; together with {@code available} all that was ever put in
 */
public record Product(ProductId id, String name, Money unitPrice, long available, long reserved) {
    public Product {
        if (available < 0 || reserved < 0) {
            throw new IllegalArgumentException(
                    "%s would have %d available and %d reserved".formatted(id, available, reserved));
        }
    }

    /** This product with {@code qty} of what was available held. */
    Product reserve(long qty) {
        return new Product(id, name, unitPrice, available - qty, reserved + qty);
    }

    /** This product with {@code qty} of what was held available again. */
    Product release(long qty) {
        return new Product(id, name, unitPrice, available + qty, reserved - qty);
    }
}
