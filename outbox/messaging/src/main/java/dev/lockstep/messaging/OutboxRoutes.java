package dev.lockstep.messaging;

import dev.lockstep.messaging.OutboxStore.OutboxRow;
import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.PageRequest;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.Responses;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.Pool;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Shows the outbox over HTTP: {@code /outbox}, {@code /outbox/summary} and {@code /outbox/{id}}. Read only. */
public final class OutboxRoutes {
    private final Pool pool;

    private OutboxRoutes(Pool pool) {
        this.pool = pool;
    }

    public static void mount(Router router, Pool pool) {
        OutboxRoutes routes = new OutboxRoutes(pool);
        router.get("/outbox").handler(routes::list);
        router.get("/outbox/summary").handler(routes::summary);
        router.get("/outbox/:id").handler(routes::find);
    }

    private void list(RoutingContext ctx) {
        PageRequest page = PageRequest.of(ctx);
        OutboxStore.State state = state(ctx.request().getParam("state"));
        UUID before = cursor(page);
        OutboxStore.list(
                        pool,
                        state,
                        ctx.request().getParam("aggregateId"),
                        ctx.request().getParam("type"),
                        before,
                        page.limit() + 1)
                .map(rows -> Page.of(rows, page.limit(), row -> row.id().toString()))
                .onSuccess(rows -> Responses.json(ctx, 200, rows))
                .onFailure(ctx::fail);
    }

    private void summary(RoutingContext ctx) {
        OutboxStore.summary(pool)
                .onSuccess(summary -> Responses.json(ctx, 200, summary))
                .onFailure(ctx::fail);
    }

    private void find(RoutingContext ctx) {
        UUID id = uuid(ctx, "outbox row");
        OutboxStore.find(pool, id)
                .map(row -> row.orElseThrow(() -> Problem.notFound("There is no outbox row " + id + ".")))
                .onSuccess((OutboxRow row) -> Responses.json(ctx, 200, row))
                .onFailure(ctx::fail);
    }

    private static OutboxStore.State state(@Nullable String text) {
        return switch (text) {
            case null -> OutboxStore.State.ANY;
            case "pending" -> OutboxStore.State.PENDING;
            case "relayed" -> OutboxStore.State.RELAYED;
            default -> throw Problem.badRequest("state", "must be pending or relayed, but was \"" + text + "\"");
        };
    }

    static @Nullable UUID cursor(PageRequest page) {
        String cursor = page.cursor();
        if (cursor == null) {
            return null;
        }
        try {
            return UUID.fromString(cursor);
        } catch (IllegalArgumentException malformed) {
            throw PageRequest.invalidCursor();
        }
    }

    static UUID uuid(RoutingContext ctx, String what) {
        String id = ctx.pathParam("id");
        try {
            return UUID.fromString(id);
        } catch (IllegalArgumentException malformed) {
            throw Problem.notFound("There is no " + what + " " + id + ".");
        }
    }
}
