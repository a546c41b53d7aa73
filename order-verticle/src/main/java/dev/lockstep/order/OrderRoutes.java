package dev.lockstep.order;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.impl.TimeBasedEpochGenerator;
import dev.lockstep.messaging.http.FieldError;
import dev.lockstep.messaging.http.JsonBody;
import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.PageRequest;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.order.domain.NewOrder;
import dev.lockstep.order.domain.Order;
import dev.lockstep.order.domain.OrderId;
import dev.lockstep.order.domain.OrderState.CancelRequested;
import dev.lockstep.order.domain.OrderState.Cancelled;
import dev.lockstep.order.domain.OrderState.Confirmed;
import dev.lockstep.order.domain.OrderState.Pending;
import dev.lockstep.order.domain.OrderStatus;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.Pool;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The orders over HTTP: reads requests, writes answers. What they do is decided elsewhere. */
final class OrderRoutes {
    private final Pool pool;
    private final OrderStore store;
    private final OrderIntake intake;
    private final OrderProcessor processor;
    private final TimeBasedEpochGenerator ids = Generators.timeBasedEpochGenerator();

    OrderRoutes(Pool pool, OrderStore store, OrderIntake intake, OrderProcessor processor) {
        this.pool = pool;
        this.store = store;
        this.intake = intake;
        this.processor = processor;
    }

    void mount(Router router) {
        router.post("/orders").handler(this::place);
        router.get("/orders").handler(this::list);
        router.get("/orders/:id").handler(this::find);
        router.post("/orders/:id/cancel").handler(this::cancel);
    }

    private void place(RoutingContext ctx) {
        intake.place(placement(ctx)).onComplete(placed -> answer(ctx, placed), ctx::fail);
    }

    private Placement placement(RoutingContext ctx) {
        List<FieldError> errors = new ArrayList<>();
        OrderRequest request = OrderRequest.read(JsonBody.read(ctx, JsonNode.class), errors);
        String key = idempotencyKey(ctx, errors);
        if (!errors.isEmpty()) {
            throw Problem.badRequest("The order is not valid; errors says why", errors);
        }
        NewOrder order = new NewOrder(new OrderId(ids.generate()), request.userId(), request.lines());
        return new Placement(
                order,
                TraceContext.orNew(ctx.request().getHeader(TraceContext.HEADER)),
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

    private static void answer(RoutingContext ctx, Placed placed) {
        switch (placed) {
            case Placed.Accepted accepted -> accepted(ctx, accepted.order());
            case Placed.KeyReused reused ->
                ctx.fail(Problem.unprocessable("This " + Idempotency.HEADER
                        + " belongs to an order that asked for something else; a new order needs a new key"));
        }
    }

    private static void accepted(RoutingContext ctx, Order order) {
        ctx.response().putHeader(HttpHeaders.LOCATION, "/orders/" + order.id());
        Responses.json(ctx, 202, OrderView.of(order));
    }

    private void find(RoutingContext ctx) {
        OrderId id = orderId(ctx);
        store.find(pool, id)
                .onComplete(
                        found -> found.ifPresentOrElse(
                                order -> Responses.json(ctx, 200, OrderView.of(order)),
                                () -> ctx.fail(noSuchOrder(ctx))),
                        ctx::fail);
    }

    private void list(RoutingContext ctx) {
        PageRequest page = PageRequest.of(ctx);
        OrderQuery query = new OrderQuery(
                ctx.request().getParam("userId"),
                statuses(ctx.request().getParam("status")),
                before(page.cursor()),
                page.limit() + 1);
        store.list(pool, query)
                .onComplete(
                        orders -> Responses.json(
                                ctx,
                                200,
                                Page.of(orders.stream().map(OrderView::of).toList(), page.limit(), OrderView::orderId)),
                        ctx::fail);
    }

    private void cancel(RoutingContext ctx) {
        OrderId id = orderId(ctx);
        String traceparent = TraceContext.orNull(ctx.request().getHeader(TraceContext.HEADER));
        pool.withTransaction(tx -> processor.requestCancel(tx, id, traceparent))
                .onComplete(
                        found -> found.ifPresentOrElse(
                                order -> answerCancel(ctx, order), () -> ctx.fail(noSuchOrder(ctx))),
                        ctx::fail);
    }

    private static void answerCancel(RoutingContext ctx, Order order) {
        switch (order.state()) {
            case Pending pending ->
                throw new IllegalStateException(
                        "order " + order.id() + " is pending after its cancellation was requested");
            case CancelRequested promised -> accepted(ctx, order);
            case Cancelled cancelled -> accepted(ctx, order);
            case Confirmed tooLate ->
                ctx.fail(Problem.conflict("Order " + order.id() + " is confirmed and can no longer be cancelled"));
        }
    }

    private static OrderId orderId(RoutingContext ctx) {
        return Optional.ofNullable(ctx.pathParam("id")).flatMap(OrderId::parse).orElseThrow(() -> noSuchOrder(ctx));
    }

    private static Problem noSuchOrder(RoutingContext ctx) {
        return Problem.notFound("There is no order " + ctx.pathParam("id"));
    }

    private static Set<OrderStatus> statuses(@Nullable String status) {
        if (status == null) {
            return EnumSet.allOf(OrderStatus.class);
        }
        for (OrderStatus each : OrderStatus.values()) {
            if (each.name().equals(status)) {
                return EnumSet.of(each);
            }
        }
        throw Problem.badRequest(
                "status", "must be one of " + List.of(OrderStatus.values()) + ", but was \"" + status + "\"");
    }

    private static @Nullable OrderId before(@Nullable String cursor) {
        if (cursor == null) {
            return null;
        }
        return OrderId.parse(cursor).orElseThrow(PageRequest::invalidCursor);
    }
}
