package dev.lockstep.messaging;

import dev.lockstep.messaging.DeadLetterDesk.Filter;
import dev.lockstep.messaging.http.JsonBody;
import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.PageRequest;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.Responses;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.Pool;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Lets an operator browse, replay and discard dead letters over HTTP. */
public final class DeadLetterRoutes {
    private static final Set<String> STATES = Set.of("open", "replayed", "discarded");
    private static final int MOST_AT_ONCE = 1000;

    private final Pool pool;

    private DeadLetterRoutes(Pool pool) {
        this.pool = pool;
    }

    public static void mount(Router router, Pool pool) {
        DeadLetterRoutes routes = new DeadLetterRoutes(pool);
        router.get("/dead-letters").handler(routes::list);
        router.post("/dead-letters/replay").handler(routes::replayMatching);
        router.get("/dead-letters/:id").handler(routes::find);
        router.post("/dead-letters/:id/replay").handler(routes::replay);
        router.delete("/dead-letters/:id").handler(routes::discard);
    }

    /** What {@code POST /dead-letters/replay} takes; members left out match everything. */
    record ReplayRequest(
            @Nullable String topic,
            @Nullable String type,
            @Nullable String reason) {}

    private void list(RoutingContext ctx) {
        PageRequest page = PageRequest.of(ctx);
        String state = ctx.request().getParam("state", "open");
        if (!STATES.contains(state)) {
            throw Problem.badRequest("state", "must be open, replayed or discarded, but was \"" + state + "\"");
        }
        Filter filter = new Filter(
                ctx.request().getParam("topic"),
                ctx.request().getParam("type"),
                ctx.request().getParam("reason"));
        DeadLetterDesk.list(pool, state, filter, OutboxRoutes.cursor(page), page.limit() + 1)
                .map(letters ->
                        Page.of(letters, page.limit(), letter -> letter.id().toString()))
                .onSuccess(letters -> Responses.json(ctx, 200, letters))
                .onFailure(ctx::fail);
    }

    private void find(RoutingContext ctx) {
        existing(OutboxRoutes.uuid(ctx, "dead letter"))
                .onSuccess(letter -> Responses.json(ctx, 200, letter))
                .onFailure(ctx::fail);
    }

    private void replay(RoutingContext ctx) {
        UUID id = OutboxRoutes.uuid(ctx, "dead letter");
        DeadLetterDesk.replay(pool, id)
                .compose(replayed -> settled(id, replayed))
                .onSuccess(letter -> Responses.json(ctx, 202, letter))
                .onFailure(ctx::fail);
    }

    private void replayMatching(RoutingContext ctx) {
        ReplayRequest request =
                ctx.body().isEmpty() ? new ReplayRequest(null, null, null) : JsonBody.read(ctx, ReplayRequest.class);
        Filter filter = new Filter(request.topic(), request.type(), request.reason());
        DeadLetterDesk.replay(pool, filter, MOST_AT_ONCE)
                .compose(replayed -> DeadLetterDesk.countOpen(pool, filter)
                        .map(remaining -> Map.of("replayed", replayed, "remaining", remaining)))
                .onSuccess(result -> Responses.json(ctx, 202, result))
                .onFailure(ctx::fail);
    }

    private void discard(RoutingContext ctx) {
        UUID id = OutboxRoutes.uuid(ctx, "dead letter");
        DeadLetterDesk.discard(pool, id, ctx.request().getParam("reason"))
                .compose(discarded -> settled(id, discarded))
                .onSuccess(letter -> ctx.response().setStatusCode(204).end())
                .onFailure(ctx::fail);
    }

    private Future<DeadLetterDesk.Shown> settled(UUID id, boolean now) {
        return existing(id).map(letter -> {
            if (!now && letter.state().equals("open")) {
                throw Problem.conflict(
                        "Dead letter " + id + " has a key that is not text, so it cannot be sent again as it was."
                                + " Its record is on " + letter.topic() + DeadLetterStore.SUFFIX + ".");
            }
            if (!now) {
                throw Problem.conflict("Dead letter " + id + " is " + letter.state() + " already.");
            }
            return letter;
        });
    }

    private Future<DeadLetterDesk.Shown> existing(UUID id) {
        return DeadLetterDesk.find(pool, id)
                .map(letter -> letter.orElseThrow(() -> Problem.notFound("There is no dead letter " + id + ".")));
    }
}
