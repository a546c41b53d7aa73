package dev.lockstep.messaging.outbox;

import dev.lockstep.messaging.http.ApiRoutes;
import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.OperatorRight;
import dev.lockstep.messaging.http.PayloadVisibility;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.QueryParameters;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.listing.Listing;
import dev.lockstep.messaging.outbox.OutboxQueries.OutboxRow;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Optional;
import java.util.UUID;

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
        QueryParameters query = QueryParameters.of(ctx);
        OutboxQueries.State state =
                query.parseOr("state", OutboxQueries.State.ANY, "must be pending or relayed", OutboxRoutes::state);
        String aggregateId = query.text("aggregateId");
        String type = query.text("type");
        PayloadVisibility visibility = access.payloads(ctx);
        Listing.respond(
                ctx,
                query,
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

    private static Optional<OutboxQueries.State> state(String text) {
        return switch (text) {
            case "pending" -> Optional.of(OutboxQueries.State.PENDING);
            case "relayed" -> Optional.of(OutboxQueries.State.RELAYED);
            default -> Optional.empty();
        };
    }
}
