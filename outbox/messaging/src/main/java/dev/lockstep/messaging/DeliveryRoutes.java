package dev.lockstep.messaging;

import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.PageRequest;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.Responses;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.Pool;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** Shows over HTTP what became of messages here: {@code /inbox}, {@code /parked-messages}, {@code /delivery-incidents}. Read only. */
final class DeliveryRoutes {
    private static final int MOST_IDS = 100;

    private final Pool pool;

    private DeliveryRoutes(Pool pool) {
        this.pool = pool;
    }

    static void mount(Router router, Pool pool) {
        DeliveryRoutes routes = new DeliveryRoutes(pool);
        router.get("/inbox").handler(routes::inbox);
        router.get("/parked-messages").handler(routes::parked);
        router.get("/delivery-incidents").handler(routes::incidents);
    }

    private void inbox(RoutingContext ctx) {
        List<UUID> ids = new ArrayList<>();
        for (String id : ctx.queryParam("id")) {
            try {
                ids.add(UUID.fromString(id));
            } catch (IllegalArgumentException malformed) {
                throw Problem.badRequest("id", "must be a message id, but was \"" + id + "\"");
            }
        }
        if (ids.isEmpty() || ids.size() > MOST_IDS) {
            throw Problem.badRequest("id", "must be given 1 to " + MOST_IDS + " times");
        }
        Inbox.list(pool, ids)
                .onSuccess(rows -> Responses.json(ctx, 200, new Page<>(rows, null)))
                .onFailure(ctx::fail);
    }

    private void parked(RoutingContext ctx) {
        PageRequest page = PageRequest.of(ctx);
        ParkedMessageDesk.list(
                        pool,
                        ctx.request().getParam("key"),
                        ctx.request().getParam("topic"),
                        OutboxRoutes.cursor(page),
                        page.limit() + 1)
                .map(rows -> Page.of(rows, page.limit(), row -> row.id().toString()))
                .onSuccess(rows -> Responses.json(ctx, 200, rows))
                .onFailure(ctx::fail);
    }

    private void incidents(RoutingContext ctx) {
        PageRequest page = PageRequest.of(ctx);
        IncidentStore.list(pool, ctx.request().getParam("key"), OutboxRoutes.cursor(page), page.limit() + 1)
                .map(rows -> Page.of(rows, page.limit(), row -> row.id().toString()))
                .onSuccess(rows -> Responses.json(ctx, 200, rows))
                .onFailure(ctx::fail);
    }
}
