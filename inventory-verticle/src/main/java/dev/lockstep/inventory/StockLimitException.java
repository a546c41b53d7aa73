package dev.lockstep.inventory;

import dev.lockstep.inventory.domain.ProductId;

/** The available and reserved quantities of a product would together exceed the limit. */
final class StockLimitException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private StockLimitException(String message) {
        super(message, null, false, false);
    }

    static StockLimitException of(ProductId id) {
        return new StockLimitException("The available and reserved quantities of product %s would exceed %d in total"
                .formatted(id, ProductRequests.MAX_QUANTITY));
    }
}
