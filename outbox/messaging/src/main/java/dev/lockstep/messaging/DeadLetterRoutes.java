package dev.lockstep.messaging;

import dev.lockstep.messaging.DeadLetterDesk.Filter;
import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.PageRequest;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.Responses;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Lets an operator browse and discard dead letters over HTTP, and, by {@link ReplayRoutes}, send them again. */
final class DeadLetterRoutes {
    private static final int LONGEST_REASON = 1000;

    private final Pool pool;

    private DeadLetterRoutes(Pool pool) {
        this.pool = pool;
    }

    static void mount(Router router, Pool pool, Replays replays) {
        DeadLetterRoutes routes = new DeadLetterRoutes(pool);
        router.get("/dead-letters").handler(routes::list);
        router.get("/dead-letters/groups").handler(routes::groups);
        // Before the ones by id, which would take "replays" for one.
        ReplayRoutes.mount(router, pool, replays);
        router.get("/dead-letters/:id").handler(routes::find);
        router.delete("/dead-letters/:id").handler(routes::discard);
    }

    private void list(RoutingContext ctx) {
        PageRequest page = PageRequest.of(ctx);
        Filter filter = new Filter(
                ctx.request().getParam("topic"),
                ctx.request().getParam("type"),
                ctx.request().getParam("reason"),
                ctx.request().getParam("key"),
                ctx.request().getParam("errorClass"),
                ctx.request().getParam("fingerprint"));
        DeadLetterDesk.list(pool, states(ctx), filter, OutboxRoutes.cursor(page), page.limit() + 1)
                .map(letters ->
                        Page.of(letters, page.limit(), letter -> letter.id().toString()))
                .onSuccess(letters -> Responses.json(ctx, 200, letters))
                .onFailure(ctx::fail);
    }

    private void groups(RoutingContext ctx) {
        PageRequest page = PageRequest.of(ctx);
        DeadLetterDesk.groups(pool, states(ctx), OutboxRoutes.cursor(page), page.limit() + 1)
                .map(groups ->
                        Page.of(groups, page.limit(), group -> group.newest().toString()))
                .onSuccess(groups -> Responses.json(ctx, 200, groups))
                .onFailure(ctx::fail);
    }

    private static Set<String> states(RoutingContext ctx) {
        String state = ctx.request().getParam("state", "open");
        if (state.equals("any")) {
            return DeadLetterDesk.STATES;
        }
        if (!DeadLetterDesk.STATES.contains(state)) {
            throw Problem.badRequest("state", "must be open, replayed, discarded or any, but was \"" + state + "\"");
        }
        return Set.of(state);
    }

    private void find(RoutingContext ctx) {
        existing(pool, OutboxRoutes.uuid(ctx, "dead letter"))
                .onSuccess(letter -> Responses.json(ctx, 200, letter))
                .onFailure(ctx::fail);
    }

    private void discard(RoutingContext ctx) {
        UUID id = OutboxRoutes.uuid(ctx, "dead letter");
        String reason = reason(ctx);
        Operator who = Operator.of(ctx);
        pool.withTransaction(tx -> DeadLetterDesk.discard(tx, id, reason)
                        .compose(discarded -> discarded
                                ? OperatorActions.record(
                                        tx, who, "dead-letter.discard", id.toString(), reason, new JsonObject())
                                : settledBefore(tx, id)))
                .onSuccess(recorded -> ctx.response().setStatusCode(204).end())
                .onFailure(ctx::fail);
    }

    private static String reason(RoutingContext ctx) {
        @Nullable String reason = ctx.request().getParam("reason");
        if (reason == null || reason.isBlank()) {
            throw Problem.badRequest("reason", "must say why: nobody will handle this message");
        }
        if (reason.length() > LONGEST_REASON) {
            throw Problem.badRequest("reason", "must have at most " + LONGEST_REASON + " characters");
        }
        return reason.strip();
    }

    private Future<Void> settledBefore(SqlClient tx, UUID id) {
        return existing(tx, id).map(letter -> {
            throw Problem.conflict("Dead letter " + id + " is " + letter.state() + " already.");
        });
    }

    private Future<DeadLetterDesk.Shown> existing(SqlClient client, UUID id) {
        return DeadLetterDesk.find(client, id)
                .map(letter -> letter.orElseThrow(() -> Problem.notFound("There is no dead letter " + id + ".")));
    }
}
