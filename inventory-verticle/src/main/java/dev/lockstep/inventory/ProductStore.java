package dev.lockstep.inventory;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;
import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;

import dev.lockstep.inventory.domain.Money;
import dev.lockstep.inventory.domain.Product;
import dev.lockstep.inventory.domain.ProductId;
import io.vertx.core.Future;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** SQL of the {@code product} table. Every method runs on the caller's connection; the caller owns the transaction. */
final class ProductStore {
    // Locks in key order, so that two batches that need the same products cannot deadlock.
    private static final String LOCK = """
            SELECT product_id, name, unit_price, currency, available, reserved
              FROM product
             WHERE product_id = ANY ($1::text[])
             ORDER BY product_id
               FOR UPDATE
            """;

    private static final String LOCKED_BY_OTHERS = """
            SELECT product_id FROM product WHERE product_id = ANY ($1::text[])
            EXCEPT
            SELECT product_id
              FROM (SELECT product_id FROM product WHERE product_id = ANY ($1::text[]) FOR UPDATE SKIP LOCKED) free
            """;

    private static final String MOVE = """
            UPDATE product
               SET available = available - moved.qty, reserved = reserved + moved.qty, updated_at = now()
              FROM unnest($1::text[], $2::bigint[]) AS moved (product_id, qty)
             WHERE product.product_id = moved.product_id
            """;

    private static final String FIND = """
            SELECT product_id, name, unit_price, currency, available, reserved
              FROM product
             WHERE product_id = $1
            """;

    private static final String LIST = """
            SELECT product_id, name, unit_price, currency, available, reserved, position
              FROM product
             WHERE position < $1
             ORDER BY position DESC
             LIMIT $2
            """;

    // Stock that is put in is recorded in the same statement, so that an audit can verify that no stock was lost.
    private static final String PUT = """
            WITH put AS (
                INSERT INTO product (product_id, name, unit_price, currency, available)
                VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (product_id) DO UPDATE
                   SET name = EXCLUDED.name, unit_price = EXCLUDED.unit_price, currency = EXCLUDED.currency,
                       available = EXCLUDED.available, updated_at = now()
                RETURNING new.product_id, new.name, new.unit_price, new.currency, new.available, new.reserved,
                          old.product_id IS NULL AS created, new.available - coalesce(old.available, 0) AS intake
            ), written AS (
                INSERT INTO stock_intake (product_id, qty) SELECT product_id, intake FROM put WHERE intake <> 0
            )
            SELECT product_id, name, unit_price, currency, available, reserved, created FROM put
            """;

    private static final String RESTOCK = """
            WITH restocked AS (
                UPDATE product
                   SET available = available + $2, updated_at = now()
                 WHERE product_id = $1
                RETURNING product_id, name, unit_price, currency, available, reserved
            ), written AS (
                INSERT INTO stock_intake (product_id, qty) SELECT product_id, $2 FROM restocked
            )
            SELECT product_id, name, unit_price, currency, available, reserved FROM restocked
            """;

    private static final String CHECK_VIOLATION = "23514";

    /** A product and its position in the list. Newer products have higher positions. */
    record ListedProduct(Product product, long position) {}

    /** The product after a PUT, and whether the PUT created it. */
    record PutResult(Product product, boolean created) {}

    /**
     * Reads the products and locks their rows until the transaction ends. Products that do not exist are missing from the result.
     */
    Future<Map<ProductId, Product>> lock(SqlConnection tx, Collection<ProductId> ids) {
        if (ids.isEmpty()) {
            return Future.succeededFuture(Map.of());
        }
        return tx.preparedQuery(LOCK)
                .collecting(toMap(ProductStore::productId, ProductStore::toProduct))
                .execute(parameter(ids))
                .map(SqlResult::value);
    }

    /** The products whose rows are locked by another transaction. Does not wait for the locks. */
    Future<Set<ProductId>> lockedByOthers(SqlConnection tx, Collection<ProductId> ids) {
        return tx.preparedQuery(LOCKED_BY_OTHERS)
                .collecting(mapping(ProductStore::productId, toSet()))
                .execute(parameter(ids))
                .map(SqlResult::value);
    }

    private static Tuple parameter(Collection<ProductId> ids) {
        return Tuple.tuple().addValue(ids.stream().map(ProductId::value).toArray(String[]::new));
    }

    /**
     * Moves the given quantity of each product from available to reserved, or back if the quantity is negative. The caller must hold the
     * row locks. Fails if a product would have less than zero available.
     */
    Future<Void> move(SqlConnection tx, Map<ProductId, Long> moved) {
        if (moved.isEmpty()) {
            return Future.succeededFuture();
        }
        String[] ids = new String[moved.size()];
        Long[] quantities = new Long[moved.size()];
        int next = 0;
        for (Map.Entry<ProductId, Long> entry : moved.entrySet()) {
            ids[next] = entry.getKey().value();
            quantities[next++] = entry.getValue();
        }
        return tx.preparedQuery(MOVE)
                .execute(Tuple.tuple().addValue(ids).addValue(quantities))
                .mapEmpty();
    }

    Future<Optional<Product>> find(SqlClient client, ProductId id) {
        return client.preparedQuery(FIND)
                .mapping(ProductStore::toProduct)
                .execute(Tuple.of(id.value()))
                .map(ProductStore::first);
    }

    /** At most {@code limit} products with a position below {@code before}, newest first. */
    Future<List<ListedProduct>> list(SqlClient client, long before, int limit) {
        return client.preparedQuery(LIST)
                .collecting(mapping(row -> new ListedProduct(toProduct(row), row.getLong("position")), toList()))
                .execute(Tuple.of(before, limit))
                .map(SqlResult::value);
    }

    /**
     * Creates the product, or replaces everything except its reserved quantity. Fails with {@link StockLimitException} if available and
     * reserved together would exceed the limit.
     */
    Future<PutResult> put(SqlClient client, ProductId id, String name, Money unitPrice, long available) {
        return client.preparedQuery(PUT)
                .mapping(row -> new PutResult(toProduct(row), row.getBoolean("created")))
                .execute(Tuple.of(id.value(), name, unitPrice.amount(), unitPrice.currency(), available))
                .recover(cause -> Future.failedFuture(isCheckViolation(cause) ? StockLimitException.of(id) : cause))
                .map(results -> results.iterator().next());
    }

    /**
     * Adds to the available quantity. Fails with {@link StockLimitException} if available and reserved together would exceed the limit.
     *
     * @return the product after the change, or empty if it does not exist
     */
    Future<Optional<Product>> restock(SqlClient client, ProductId id, long qty) {
        return client.preparedQuery(RESTOCK)
                .mapping(ProductStore::toProduct)
                .execute(Tuple.of(id.value(), qty))
                .recover(cause -> Future.failedFuture(isCheckViolation(cause) ? StockLimitException.of(id) : cause))
                .map(ProductStore::first);
    }

    // The input has been validated, so the only check constraint that can still fail is the limit on the sum.
    private static boolean isCheckViolation(Throwable cause) {
        return cause instanceof PgException postgres && CHECK_VIOLATION.equals(postgres.getSqlState());
    }

    private static Optional<Product> first(RowSet<Product> products) {
        return products.stream().findFirst();
    }

    private static ProductId productId(Row row) {
        return new ProductId(row.getString("product_id"));
    }

    private static Product toProduct(Row row) {
        return new Product(
                productId(row),
                row.getString("name"),
                new Money(row.getLong("unit_price"), row.getString("currency")),
                row.getLong("available"),
                row.getLong("reserved"));
    }
}
