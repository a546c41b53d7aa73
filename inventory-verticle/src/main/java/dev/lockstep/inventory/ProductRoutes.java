package dev.lockstep.inventory;

import dev.lockstep.contracts.Money;
import dev.lockstep.inventory.ProductRequests.PutProduct;
import dev.lockstep.inventory.ProductRequests.Restock;
import dev.lockstep.inventory.ProductStore.ListedProduct;
import dev.lockstep.inventory.domain.Product;
import dev.lockstep.inventory.domain.ProductId;
import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.JsonBody;
import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.QueryParameters;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.runtime.ServiceRoutes;
import dev.lockstep.runtime.auth.Access;
import dev.lockstep.runtime.auth.Scope;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.SqlClient;
import java.util.Objects;
import java.util.Optional;

/**
 * HTTP routes under {@code /products}: read, create, replace and restock products. Each change is a single SQL statement.
 */
final class ProductRoutes {
    private final SqlClient database;
    private final SqlClient reads;
    private final BoundedReads lists;
    private final ProductStore products;

    private ProductRoutes(SqlClient database, SqlClient reads, BoundedReads lists, ProductStore products) {
        this.database = database;
        this.reads = reads;
        this.lists = lists;
        this.products = products;
    }

    static void mount(
            ServiceRoutes served, SqlClient database, SqlClient reads, BoundedReads lists, ProductStore products) {
        ProductRoutes routes = new ProductRoutes(database, reads, lists, products);
        Access write = Access.anyOf(Scope.STOCK_WRITE);
        served.get("/products", Access.signedIn(), routes::list)
                .get("/products/:productId", Access.signedIn(), routes::get)
                .put("/products/:productId", write, routes::put)
                .post("/products/:productId/restock", write, routes::restock);
    }

    private record ProductBody(String productId, String name, Money unitPrice, long available, long reserved) {
        static ProductBody of(Product product) {
            return new ProductBody(
                    product.id().value(),
                    product.name(),
                    new Money(product.unitPrice().amount(), product.unitPrice().currency()),
                    product.available(),
                    product.reserved());
        }
    }

    private void list(RoutingContext ctx) {
        QueryParameters query = QueryParameters.of(ctx);
        int limit = query.limit();
        long position = Objects.requireNonNullElse(query.cursor(QueryParameters::wholeNumber), Long.MAX_VALUE);
        query.requireValid();
        lists.read(tx -> products.list(tx, position, limit + 1))
                .map(rows -> Page.of(rows, limit, row -> Long.toString(row.position())))
                .map(ProductRoutes::toBodies)
                .onSuccess(bodies -> Responses.json(ctx, 200, bodies))
                .onFailure(ctx::fail);
    }

    private void get(RoutingContext ctx) {
        ProductId id = productId(ctx);
        found(id)
                .onSuccess(product -> Responses.json(ctx, 200, ProductBody.of(product)))
                .onFailure(ctx::fail);
    }

    private void put(RoutingContext ctx) {
        PutProduct.Valid request = JsonBody.read(ctx, PutProduct.class).validate(productId(ctx));
        products.put(database, request.id(), request.name(), request.unitPrice(), request.available())
                .onSuccess(put -> {
                    if (put.created()) {
                        ctx.response().putHeader("Location", ctx.normalizedPath());
                    }
                    Responses.json(ctx, put.created() ? 201 : 200, ProductBody.of(put.product()));
                })
                .onFailure(cause -> ctx.fail(toProblem(cause)));
    }

    private void restock(RoutingContext ctx) {
        long qty = JsonBody.read(ctx, Restock.class).validate();
        ProductId id = productId(ctx);
        restocked(id, qty)
                .onSuccess(product -> Responses.json(ctx, 200, ProductBody.of(product)))
                .onFailure(cause -> ctx.fail(toProblem(cause)));
    }

    private Future<Product> found(ProductId id) {
        return isPossible(id)
                ? products.find(reads, id).compose(product -> orNotFound(id, product))
                : orNotFound(id, Optional.empty());
    }

    private Future<Product> restocked(ProductId id, long qty) {
        return isPossible(id)
                ? products.restock(database, id, qty).compose(product -> orNotFound(id, product))
                : orNotFound(id, Optional.empty());
    }

    private static boolean isPossible(ProductId id) {
        return id.problem().isEmpty();
    }

    private static Future<Product> orNotFound(ProductId id, Optional<Product> product) {
        return product.map(Future::succeededFuture)
                .orElseGet(() -> Future.failedFuture(Problem.notFound("Product " + id + " does not exist")));
    }

    private static Throwable toProblem(Throwable cause) {
        return cause instanceof StockLimitException tooMuch
                ? Problem.unprocessable(String.valueOf(tooMuch.getMessage()))
                : cause;
    }

    private static Page<ProductBody> toBodies(Page<ListedProduct> page) {
        return new Page<>(
                page.data().stream()
                        .map(listed -> ProductBody.of(listed.product()))
                        .toList(),
                page.nextCursor());
    }

    private static ProductId productId(RoutingContext ctx) {
        return new ProductId(Objects.requireNonNull(ctx.pathParam("productId")));
    }
}
