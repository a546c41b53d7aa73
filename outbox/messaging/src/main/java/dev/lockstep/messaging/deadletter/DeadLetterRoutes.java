package dev.lockstep.messaging.deadletter;

import dev.lockstep.messaging.deadletter.DeadLetterQueries.Filter;
import dev.lockstep.messaging.deadletter.DeadLetterQueries.State;
import dev.lockstep.messaging.http.ApiRoutes;
import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.OperatorRight;
import dev.lockstep.messaging.http.PayloadVisibility;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.QueryParameters;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.listing.Listing;
import dev.lockstep.messaging.listing.ScanWindowStore.ScanResult;
import dev.lockstep.messaging.operator.Operator;
import dev.lockstep.messaging.operator.OperatorActions;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Lets an operator list and discard dead letters over HTTP, and replay them through {@link ReplayRoutes}. */
public final class DeadLetterRoutes {
    private static final int MAX_REASON_LENGTH = 1000;

    private final RouteAccess access;
    private final Pool pool;
    private final BoundedReads reads;

    private DeadLetterRoutes(RouteAccess access, Pool pool, BoundedReads reads) {
        this.access = access;
        this.pool = pool;
        this.reads = reads;
    }

    public static void mount(Router router, RouteAccess access, Pool pool, BoundedReads reads, ReplayJobs replays) {
        DeadLetterRoutes routes = new DeadLetterRoutes(access, pool, reads);
        ApiRoutes api = ApiRoutes.on(router, access)
                .get("/dead-letters", OperatorRight.READ, routes::list)
                .get("/dead-letters/groups", OperatorRight.READ, routes::groups);
        // Mounted before the routes by id, which would match "replays" as an id.
        ReplayRoutes.mount(api, access, pool, reads, replays);
        api.get("/dead-letters/:id", OperatorRight.READ, routes::find)
                .delete("/dead-letters/:id", OperatorRight.WRITE, routes::discard);
    }

    private void list(RoutingContext ctx) {
        QueryParameters query = QueryParameters.of(ctx);
        Filter filter = new Filter(
                query.text("topic"),
                query.text("type"),
                query.text("reason"),
                query.text("key"),
                query.text("errorClass"),
                query.text("fingerprint"));
        State state = state(query);
        PayloadVisibility visibility = access.payloads(ctx);
        Listing.respond(
                ctx,
                query,
                reads,
                DeadLetterQueries.DeadLetterView::id,
                (tx, before, limit) -> DeadLetterQueries.list(tx, state, filter, before, limit)
                        .map(found -> found.map(deadLetter -> deadLetter.with(visibility))));
    }

    private void groups(RoutingContext ctx) {
        QueryParameters query = QueryParameters.of(ctx);
        State state = state(query);
        PayloadVisibility visibility = access.payloads(ctx);
        Listing.respond(
                ctx,
                query,
                reads,
                DeadLetterQueries.DeadLetterGroup::newest,
                (tx, before, limit) -> DeadLetterQueries.groups(tx, state, before, limit)
                        .map(ScanResult::complete)
                        .map(found -> found.map(group -> group.with(visibility))));
    }

    private static State state(QueryParameters query) {
        return query.parseOr(
                "state",
                State.OPEN,
                "must be open, replayed, discarded or any",
                text -> Arrays.stream(State.values())
                        .filter(each -> each.value().equals(text))
                        .findFirst());
    }

    private void find(RoutingContext ctx) {
        UUID id = Listing.uuid(ctx, "dead letter");
        reads.read(tx -> existing(tx, id))
                .onSuccess(deadLetter -> Responses.json(ctx, 200, deadLetter.with(access.payloads(ctx))))
                .onFailure(ctx::fail);
    }

    private void discard(RoutingContext ctx) {
        UUID id = Listing.uuid(ctx, "dead letter");
        String reason = reason(ctx);
        Operator who = Operator.of(ctx);
        pool.withTransaction(tx -> DeadLetterQueries.discard(tx, id, reason)
                        .compose(discarded -> discarded
                                ? OperatorActions.record(
                                        tx, who, "dead-letter.discard", id.toString(), reason, new JsonObject())
                                : rejectSettled(tx, id)))
                .onSuccess(recorded -> ctx.response().setStatusCode(204).end())
                .onFailure(ctx::fail);
    }

    private static String reason(RoutingContext ctx) {
        @Nullable String reason = ctx.request().getParam("reason");
        if (reason == null || reason.isBlank()) {
            throw Problem.badRequest("reason", "is required to discard a dead letter");
        }
        if (reason.length() > MAX_REASON_LENGTH) {
            throw Problem.badRequest("reason", "must have at most " + MAX_REASON_LENGTH + " characters");
        }
        return reason.strip();
    }

    private Future<Void> rejectSettled(SqlClient tx, UUID id) {
        return existing(tx, id).map(deadLetter -> {
            throw Problem.conflict("Dead letter " + id + " is already " + deadLetter.state() + ".");
        });
    }

    private Future<DeadLetterQueries.DeadLetterView> existing(SqlClient client, UUID id) {
        return DeadLetterQueries.find(client, id)
                .map(deadLetter ->
                        deadLetter.orElseThrow(() -> Problem.notFound("There is no dead letter " + id + ".")));
    }
}
