package dev.lockstep.messaging.outbox;

import dev.lockstep.messaging.http.ApiRoutes;
import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.OperatorRight;
import dev.lockstep.messaging.http.PayloadVisibility;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.listing.Listing;
import dev.lockstep.messaging.outbox.OutboxQueries.OutboxRow;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Shows the outbox over HTTP: {@code /outbox}, {@code /outbox/summary} and {@code /outbox/{id}}. Read-only. */
public final class OutboxRoutes {
    private final RouteAccess access;
    private final BoundedReads reads;

    private OutboxRoutes(RouteAccess access, BoundedReads reads) {
        this.access = access;
        this.reads = reads;
    }

    public static void mount(Router router, RouteAccess access, BoundedReads reads) {
        OutboxRoutes routes = new OutboxRoutes(access, reads);
        ApiRoutes.on(router, access)
                .get("/outbox", OperatorRight.READ, routes::list)
                .get("/outbox/summary", OperatorRight.READ, routes::summary)
                .get("/outbox/:id", OperatorRight.READ, routes::find);
    }

    private void list(RoutingContext ctx) {
        OutboxQueries.State state = state(ctx.request().getParam("state"));
        String aggregateId = ctx.request().getParam("aggregateId");
        String type = ctx.request().getParam("type");
        PayloadVisibility visibility = access.payloads(ctx);
        Listing.respond(
                ctx,
                reads,
                OutboxRow::id,
                (tx, before, limit) -> OutboxQueries.list(tx, state, aggregateId, type, before, limit)
                        .map(found -> found.map(row -> row.with(visibility))));
    }

    private void summary(RoutingContext ctx) {
        reads.read(OutboxQueries::summary)
                .onSuccess(summary -> Responses.json(ctx, 200, summary))
                .onFailure(ctx::fail);
    }

    private void find(RoutingContext ctx) {
        UUID id = Listing.uuid(ctx, "outbox row");
        reads.read(tx -> OutboxQueries.find(tx, id))
                .map(row -> row.orElseThrow(() -> Problem.notFound("There is no outbox row " + id + ".")))
                .map((OutboxRow row) -> row.with(access.payloads(ctx)))
                .onSuccess(row -> Responses.json(ctx, 200, row))
                .onFailure(ctx::fail);
    }

    private static OutboxQueries.State state(@Nullable String text) {
        return switch (text) {
            case null -> OutboxQueries.State.ANY;
            case "pending" -> OutboxQueries.State.PENDING;
            case "relayed" -> OutboxQueries.State.RELAYED;
            default -> throw Problem.badRequest("state", "must be pending or relayed, but was \"" + text + "\"");
        };
    }
}
