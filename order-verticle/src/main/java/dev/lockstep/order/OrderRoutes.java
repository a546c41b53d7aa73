package dev.lockstep.order;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.impl.TimeBasedEpochGenerator;
import dev.lockstep.messaging.http.FieldError;
import dev.lockstep.messaging.http.JsonBody;
import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.QueryParameters;
import dev.lockstep.messaging.http.RequestTrace;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.messaging.record.TraceContext;
import dev.lockstep.order.domain.NewOrder;
import dev.lockstep.order.domain.Order;
import dev.lockstep.order.domain.OrderId;
import dev.lockstep.order.domain.OrderState.CancelRequested;
import dev.lockstep.order.domain.OrderState.Cancelled;
import dev.lockstep.order.domain.OrderState.Confirmed;
import dev.lockstep.order.domain.OrderState.Pending;
import dev.lockstep.order.domain.OrderStatus;
import dev.lockstep.runtime.ServiceRoutes;
import dev.lockstep.runtime.auth.Access;
import dev.lockstep.runtime.auth.Caller;
import dev.lockstep.runtime.auth.Credentials;
import dev.lockstep.runtime.auth.Scope;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.Pool;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** HTTP routes of the orders: parses requests and writes responses. The collaborators make the decisions. */
final class OrderRoutes {
    private final Pool pool;
    private final OrderQueries reads;
    private final OrderGroupCommit groupCommit;
    private final OrderProcessor processor;
    private final Supplier<Optional<Problem>> refusal;
    private final TimeBasedEpochGenerator ids = Generators.timeBasedEpochGenerator();

    /** @param refusal the reason why new orders are currently refused, or empty if they are accepted */
    OrderRoutes(
            Pool pool,
            OrderQueries reads,
            OrderGroupCommit groupCommit,
            OrderProcessor processor,
            Supplier<Optional<Problem>> refusal) {
        this.pool = pool;
        this.reads = reads;
        this.groupCommit = groupCommit;
        this.processor = processor;
        this.refusal = refusal;
    }

    void mount(ServiceRoutes routes) {
        Access read = Access.anyOf(Scope.ORDERS_READ);
        Access write = Access.anyOf(Scope.ORDERS_WRITE);
        routes.post("/orders", write, this::place)
                .get("/orders", read, this::list)
                .get("/orders/:id", read, this::find)
                .get("/orders/:id/timeline", Access.anyOf(Scope.OPERATOR_READ), this::timeline)
                .post("/orders/:id/cancel", write, this::cancel);
    }

    // Here and below, results are checked in map: an exception thrown there fails the request, whereas an exception
    // thrown in an onSuccess callback would leave the request without a response.
    private void place(RoutingContext ctx) {
        Optional<Problem> refused = refusal.get();
        if (refused.isPresent()) {
            throw refused.get();
        }
        groupCommit
                .place(placement(ctx))
                .map(OrderRoutes::order)
                .onSuccess(order -> accepted(ctx, order))
                .onFailure(ctx::fail);
    }

    private PlaceOrder placement(RoutingContext ctx) {
        List<FieldError> errors = new ArrayList<>();
        OrderRequest request = OrderRequest.read(JsonBody.read(ctx, JsonNode.class), errors);
        String key = idempotencyKey(ctx, errors);
        if (!errors.isEmpty()) {
            throw Problem.badRequest("The order is invalid; see errors", errors);
        }
        if (!maySee(Caller.of(ctx), request.userId())) {
            throw Problem.forbidden("Only a token with the scope " + Scope.ORDERS_ADMIN.value()
                    + " may place orders of other users; userId must be the subject of the token");
        }
        NewOrder order = new NewOrder(new OrderId(ids.generate()), request.userId(), request.lines());
        return new PlaceOrder(
                order,
                TraceContext.orNew(RequestTrace.of(ctx)),
                key == null ? null : Idempotency.of(key, request.userId(), request.lines()));
    }

    private static @Nullable String idempotencyKey(RoutingContext ctx, List<FieldError> errors) {
        List<String> keys = ctx.request().headers().getAll(Idempotency.HEADER);
        if (keys.isEmpty()) {
            return null;
        }
        if (keys.size() > 1 || !Idempotency.isKey(keys.getFirst())) {
            errors.add(new FieldError(Idempotency.HEADER, Idempotency.RULE));
        }
        return keys.getFirst();
    }

    private static Order order(PlaceOrderResult placed) {
        return switch (placed) {
            case PlaceOrderResult.Accepted accepted -> accepted.order();
            case PlaceOrderResult.KeyReused reused ->
                throw Problem.unprocessable(Idempotency.HEADER
                        + " was already used for an order with different content; use a new key for a new order");
        };
    }

    private static void accepted(RoutingContext ctx, Order order) {
        ctx.response().putHeader(HttpHeaders.LOCATION, "/orders/" + order.id());
        Responses.json(ctx, 202, OrderView.of(order));
    }

    private void find(RoutingContext ctx) {
        visible(ctx, orderId(ctx))
                .map(OrderView::of)
                .onSuccess(order -> Responses.json(ctx, 200, order))
                .onFailure(ctx::fail);
    }

    private void timeline(RoutingContext ctx) {
        reads.timeline(orderId(ctx), Credentials.of(ctx.request()))
                .map(found -> found.orElseThrow(() -> noSuchOrder(ctx)))
                .onSuccess(shown -> Responses.json(ctx, 200, shown))
                .onFailure(ctx::fail);
    }

    private void list(RoutingContext ctx) {
        QueryParameters query = QueryParameters.of(ctx);
        Caller caller = Caller.of(ctx);
        String userId = query.text("userId");
        int limit = query.limit();
        OrderFilter filter = new OrderFilter(
                caller.has(Scope.ORDERS_ADMIN) || userId != null ? userId : caller.subject(),
                statuses(query),
                query.cursor(OrderId::parse),
                limit + 1);
        query.requireValid();
        // A caller who asks for another user's orders sees none, as if that user had none.
        Future<List<Order>> listed = filter.userId() == null || maySee(caller, filter.userId())
                ? reads.list(filter)
                : Future.succeededFuture(List.of());
        listed.map(orders -> orders.stream().map(OrderView::of).toList())
                .map(orders -> Page.of(orders, limit, OrderView::orderId))
                .onSuccess(orders -> Responses.json(ctx, 200, orders))
                .onFailure(ctx::fail);
    }

    private void cancel(RoutingContext ctx) {
        OrderId id = orderId(ctx);
        String traceparent = RequestTrace.of(ctx);
        Future<?> permitted = Caller.of(ctx).has(Scope.ORDERS_ADMIN) ? Future.succeededFuture() : visible(ctx, id);
        permitted
                .compose(own -> pool.withTransaction(tx -> processor.requestCancel(tx, id, traceparent)))
                .map(found -> cancelled(found.orElseThrow(() -> noSuchOrder(ctx))))
                .onSuccess(order -> accepted(ctx, order))
                .onFailure(ctx::fail);
    }

    // The order of another user is answered like a missing one, so that callers cannot find out which orders exist.
    private Future<Order> visible(RoutingContext ctx, OrderId id) {
        Caller caller = Caller.of(ctx);
        return reads.find(id)
                .map(found ->
                        found.filter(order -> maySee(caller, order.userId())).orElseThrow(() -> noSuchOrder(ctx)));
    }

    private static boolean maySee(Caller caller, String userId) {
        return caller.has(Scope.ORDERS_ADMIN) || caller.is(userId);
    }

    private static Order cancelled(Order order) {
        return switch (order.state()) {
            case CancelRequested requested -> order;
            case Cancelled cancelled -> order;
            case Confirmed confirmed ->
                throw Problem.conflict("Order " + order.id() + " is confirmed and can no longer be cancelled");
            case Pending pending ->
                throw new IllegalStateException("order " + order.id() + " is still PENDING after its cancellation");
        };
    }

    private static OrderId orderId(RoutingContext ctx) {
        return Optional.ofNullable(ctx.pathParam("id")).flatMap(OrderId::parse).orElseThrow(() -> noSuchOrder(ctx));
    }

    private static Problem noSuchOrder(RoutingContext ctx) {
        return Problem.notFound("Order " + ctx.pathParam("id") + " does not exist");
    }

    private static Set<OrderStatus> statuses(QueryParameters query) {
        OrderStatus status = query.parse(
                "status",
                "must be one of " + List.of(OrderStatus.values()),
                text -> Arrays.stream(OrderStatus.values())
                        .filter(each -> each.name().equals(text))
                        .findFirst());
        return status == null ? EnumSet.allOf(OrderStatus.class) : EnumSet.of(status);
    }
}
