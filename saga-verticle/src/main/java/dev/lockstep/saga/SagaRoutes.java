package dev.lockstep.saga;

import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.PageRequest;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.saga.domain.OrderId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.Pool;
import java.util.Objects;

/** Shows sagas over HTTP: {@code /sagas} and {@code /sagas/{orderId}}. Read only. */
final class SagaRoutes {
    private final Pool pool;
    private final SagaViewStore sagas;
    private final SagaHistoryStore history;

    SagaRoutes(Pool pool, SagaViewStore sagas, SagaHistoryStore history) {
        this.pool = pool;
        this.sagas = sagas;
        this.history = history;
    }

    void mount(Router router) {
        router.get("/sagas").handler(this::list);
        router.get("/sagas/:orderId").handler(this::find);
    }

    private void list(RoutingContext ctx) {
        SagaFilter filter = SagaFilter.of(
                ctx.request().getParam("state"), ctx.request().getParam("olderThan"), PageRequest.of(ctx));
        sagas.list(pool, filter)
                .map(views -> Page.of(views, filter.limit(), SagaFilter::cursor))
                .onSuccess(page -> Responses.json(ctx, 200, page))
                .onFailure(ctx::fail);
    }

    private void find(RoutingContext ctx) {
        String orderId = Objects.requireNonNull(ctx.pathParam("orderId"), "the route has it");
        sagas.find(pool, orderId)
                .map(saga -> saga.orElseThrow(() -> Problem.notFound("There is no saga of order " + orderId)))
                .compose(saga -> withHistory(saga))
                .onSuccess(saga -> Responses.json(ctx, 200, saga))
                .onFailure(ctx::fail);
    }

    private Future<SagaView> withHistory(SagaView saga) {
        return history.ofOrder(pool, new OrderId(saga.orderId())).map(saga::with);
    }
}
