package dev.lockstep.messaging.operator;

import dev.lockstep.messaging.http.ApiRoutes;
import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.OperatorRight;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.listing.Listing;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/** Lists operator actions over HTTP: {@code /operator-actions}. Read-only. */
public final class OperatorActionRoutes {
    private final BoundedReads reads;

    private OperatorActionRoutes(BoundedReads reads) {
        this.reads = reads;
    }

    public static void mount(Router router, RouteAccess access, BoundedReads reads) {
        ApiRoutes.on(router, access)
                .get("/operator-actions", OperatorRight.READ, new OperatorActionRoutes(reads)::list);
    }

    private void list(RoutingContext ctx) {
        OperatorActions.Filter filter = new OperatorActions.Filter(
                ctx.request().getParam("who"),
                ctx.request().getParam("action"),
                ctx.request().getParam("target"));
        Listing.respond(
                ctx,
                reads,
                OperatorActions.OperatorActionView::id,
                (tx, before, limit) -> OperatorActions.list(tx, filter, before, limit));
    }
}
