package dev.lockstep.inventory.domain;

/**
 * A product with its price and stock.
 *
 * @param available quantity that can still be reserved
 * @param reserved quantity held by open or confirmed orders; {@code available + reserved} is the total quantity ever put in
 */
public record Product(ProductId id, String name, Money unitPrice, long available, long reserved) {
    public Product {
        if (available < 0 || reserved < 0) {
            throw new IllegalArgumentException(
                    "the quantities of product %s must not be negative, but were %d available and %d reserved"
                            .formatted(id, available, reserved));
        }
    }

    /** This product after {@code qty} units were moved from available to reserved. */
    Product reserve(long qty) {
        return new Product(id, name, unitPrice, available - qty, reserved + qty);
    }

    /** This product after {@code qty} units were moved from reserved back to available. */
    Product release(long qty) {
        return new Product(id, name, unitPrice, available + qty, reserved - qty);
    }
}
