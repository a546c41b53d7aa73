package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.http.ApiRoutes;
import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.OperatorRight;
import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.PayloadVisibility;
import dev.lockstep.messaging.http.QueryParameters;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.listing.Listing;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.UUID;

/** Read-only HTTP access to the delivery of messages: {@code /inbox}, {@code /parked-messages}, {@code /delivery-incidents}. */
public final class DeliveryRoutes {
    private static final int MAX_IDS = 100;

    private final RouteAccess access;
    private final BoundedReads reads;

    private DeliveryRoutes(RouteAccess access, BoundedReads reads) {
        this.access = access;
        this.reads = reads;
    }

    public static void mount(Router router, RouteAccess access, BoundedReads reads) {
        DeliveryRoutes routes = new DeliveryRoutes(access, reads);
        ApiRoutes.on(router, access)
                .get("/inbox", OperatorRight.READ, routes::inbox)
                .get("/parked-messages", OperatorRight.READ, routes::parked)
                .get("/delivery-incidents", OperatorRight.READ, routes::deliveryEvents);
    }

    private void inbox(RoutingContext ctx) {
        QueryParameters query = QueryParameters.of(ctx);
        List<UUID> ids = query.ids("id", "must be a message id");
        query.requireValid();
        if (ids.isEmpty() || ids.size() > MAX_IDS) {
            query.reject("id", "must be given 1 to " + MAX_IDS + " times");
        }
        query.requireValid();
        reads.read(tx -> Inbox.list(tx, ids))
                .onSuccess(rows -> Responses.json(ctx, 200, new Page<>(rows, null)))
                .onFailure(ctx::fail);
    }

    private void parked(RoutingContext ctx) {
        String key = ctx.request().getParam("key");
        String topic = ctx.request().getParam("topic");
        PayloadVisibility visibility = access.payloads(ctx);
        Listing.respond(
                ctx,
                reads,
                ParkedMessageQueries.ParkedMessageView::id,
                (tx, before, limit) -> ParkedMessageQueries.list(tx, key, topic, before, limit)
                        .map(found -> found.map(parked -> parked.with(visibility))));
    }

    private void deliveryEvents(RoutingContext ctx) {
        String key = ctx.request().getParam("key");
        PayloadVisibility visibility = access.payloads(ctx);
        Listing.respond(
                ctx,
                reads,
                DeliveryEventStore.DeliveryEventView::id,
                (tx, before, limit) -> DeliveryEventStore.list(tx, key, before, limit)
                        .map(found -> found.map(event -> event.with(visibility))));
    }
}
