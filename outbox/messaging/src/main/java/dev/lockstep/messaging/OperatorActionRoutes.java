package dev.lockstep.messaging;

import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.PageRequest;
import dev.lockstep.messaging.http.Responses;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.Pool;

/** Shows over HTTP what people did by hand: {@code /operator-actions}. Read only. */
final class OperatorActionRoutes {
    private final Pool pool;

    private OperatorActionRoutes(Pool pool) {
        this.pool = pool;
    }

    static void mount(Router router, Pool pool) {
        router.get("/operator-actions").handler(new OperatorActionRoutes(pool)::list);
    }

    private void list(RoutingContext ctx) {
        PageRequest page = PageRequest.of(ctx);
        OperatorActions.list(
                        pool,
                        ctx.request().getParam("who"),
                        ctx.request().getParam("action"),
                        ctx.request().getParam("target"),
                        OutboxRoutes.cursor(page),
                        page.limit() + 1)
                .map(actions ->
                        Page.of(actions, page.limit(), action -> action.id().toString()))
                .onSuccess(actions -> Responses.json(ctx, 200, actions))
                .onFailure(ctx::fail);
    }
}
