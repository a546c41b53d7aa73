package dev.lockstep.messaging;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.lockstep.messaging.DeadLetterDesk.Filter;
import dev.lockstep.messaging.ReplayPreviewStore.Matching;
import dev.lockstep.messaging.ReplayStore.Shown;
import dev.lockstep.messaging.ReplayStore.Terms;
import dev.lockstep.messaging.http.JsonBody;
import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.PageRequest;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.Responses;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Lets an operator send dead letters to their topics again: one, or as a job all that match, and see and stop such jobs. */
final class ReplayRoutes {
    private static final String PATH = "/dead-letters/replays";
    private static final Set<String> STATES = Set.of("running", "done", "stopped");
    private static final int DEFAULT_RATE = 50;
    private static final int HIGHEST_RATE = 10_000;
    private static final int DEFAULT_MOST_FAILURES = 10;
    private static final int HIGHEST_MOST_FAILURES = 1_000_000;

    private final Pool pool;
    private final Replays replays;

    private ReplayRoutes(Pool pool, Replays replays) {
        this.pool = pool;
        this.replays = replays;
    }

    static void mount(Router router, Pool pool, Replays replays) {
        ReplayRoutes routes = new ReplayRoutes(pool, replays);
        router.post("/dead-letters/replay").handler(routes::replayMatching);
        router.get(PATH).handler(routes::list);
        router.get(PATH + "/:id").handler(routes::find);
        router.post(PATH + "/:id/stop").handler(routes::stop);
        router.post("/dead-letters/:id/replay").handler(routes::replayOne);
    }

    /**
     * What {@code POST /dead-letters/replay} takes; filters left out match everything.
     *
     * @param reason why the letters died, as they show it; why they are replayed is another member
     * @param why in the operator's words
     */
    record Request(
            @Nullable String topic,
            @Nullable String type,
            @Nullable String reason,
            @Nullable String key,
            @Nullable String errorClass,
            @Nullable String fingerprint,
            @Nullable Boolean dryRun,
            @Nullable Integer ratePerSecond,
            @Nullable Integer maxFailures,
            @Nullable Boolean force,
            @Nullable String why) {
        static final Request OF_ALL = new Request(null, null, null, null, null, null, null, null, null, null, null);

        Filter filter() {
            return new Filter(topic, type, reason, key, errorClass, fingerprint);
        }

        Terms terms() {
            return new Terms(
                    within("ratePerSecond", ratePerSecond, DEFAULT_RATE, HIGHEST_RATE),
                    within("maxFailures", maxFailures, DEFAULT_MOST_FAILURES, HIGHEST_MOST_FAILURES),
                    Boolean.TRUE.equals(force),
                    why);
        }

        private static int within(String member, @Nullable Integer given, int usual, int highest) {
            int value = given == null ? usual : given;
            if (value < 1 || value > highest) {
                throw Problem.badRequest(member, "must be from 1 to " + highest + ", but was " + value);
            }
            return value;
        }
    }

    /** What {@code POST /dead-letters/{id}/replay} takes, if anything. */
    record OneRequest(@Nullable Boolean force, @Nullable String reason) {}

    /** What {@code POST /dead-letters/replays/{id}/stop} takes. */
    record StopRequest(@Nullable String reason) {}

    /** A job with what it has not sent: what it may still send, and what it will not. */
    record Job(@JsonUnwrapped Shown job, long remaining, long tooOld, long tooLarge, long keyNotText) {}

    private void replayMatching(RoutingContext ctx) {
        Request request = ctx.body().isEmpty() ? Request.OF_ALL : JsonBody.read(ctx, Request.class);
        Filter filter = request.filter();
        Terms terms = request.terms();
        if (terms.forced() && isBlank(terms.why())) {
            throw Problem.badRequest("why", "must say why, as force is set; reason is a filter here");
        }
        Future<Matching> matching =
                ReplayPreviewStore.matching(pool, filter, null, terms.forced(), replays.dedupWindow());
        if (Boolean.TRUE.equals(request.dryRun())) {
            matching.onSuccess(found -> Responses.json(ctx, 200, found)).onFailure(ctx::fail);
            return;
        }
        Operator who = Operator.of(ctx);
        matching.compose(found -> {
                    if (found.count() == 0 && found.tooOld() > 0) {
                        throw Problem.conflict(tooOld("All " + found.tooOld() + " dead letters that match are"));
                    }
                    return create(filter, terms, who);
                })
                .compose(id -> replays.begin(id).compose(begun -> existing(pool, id)))
                .onSuccess(job -> {
                    ctx.response()
                            .putHeader(
                                    HttpHeaders.LOCATION, PATH + "/" + job.job().id());
                    Responses.json(ctx, 202, job);
                })
                .onFailure(ctx::fail);
    }

    private Future<UUID> create(Filter filter, Terms terms, Operator who) {
        JsonObject details = filter.toJson().put("ratePerSecond", terms.ratePerSecond());
        return pool.withTransaction(tx -> ReplayStore.create(tx, filter, terms, who)
                        .compose(id -> OperatorActions.record(
                                        tx,
                                        who,
                                        "dead-letter.replay-matching",
                                        id.toString(),
                                        terms.why(),
                                        terms.forced() ? details.put("force", true) : details)
                                .map(id)))
                .map(id -> Objects.requireNonNull(id));
    }

    private void replayOne(RoutingContext ctx) {
        UUID id = OutboxRoutes.uuid(ctx, "dead letter");
        OneRequest request = ctx.body().isEmpty() ? new OneRequest(null, null) : JsonBody.read(ctx, OneRequest.class);
        boolean forced = Boolean.TRUE.equals(request.force());
        if (forced && isBlank(request.reason())) {
            throw Problem.badRequest("reason", "must say why, as force is set");
        }
        Operator who = Operator.of(ctx);
        JsonObject details = forced ? new JsonObject().put("force", true) : new JsonObject();
        pool.withTransaction(tx -> ReplayStore.one(tx, id, forced, replays.dedupWindow())
                        .compose(replayed -> replayed
                                ? OperatorActions.record(
                                        tx, who, "dead-letter.replay", id.toString(), request.reason(), details)
                                : ReplayStore.isTooLarge(tx, id).compose(tooLarge -> refusal(tx, id, tooLarge))))
                .compose(recorded -> DeadLetterDesk.find(pool, id))
                .onSuccess(letter -> {
                    replays.count(1);
                    Responses.json(ctx, 202, letter.orElseThrow());
                })
                .onFailure(ctx::fail);
    }

    private Future<Void> refusal(SqlClient tx, UUID id, boolean tooLarge) {
        return DeadLetterDesk.find(tx, id).map(found -> {
            DeadLetterDesk.Shown letter =
                    found.orElseThrow(() -> Problem.notFound("There is no dead letter " + id + "."));
            if (!letter.state().equals("open")) {
                throw Problem.conflict("Dead letter " + id + " is " + letter.state() + " already.");
            }
            if (letter.keyEncoding() != null || (letter.key() != null && Headers.isTooLong(letter.key()))) {
                throw Problem.conflict(
                        "Dead letter " + id + " has a key that is not text, or too long, so it cannot be sent again"
                                + " as it was. Its record is on " + letter.topic() + DeadLetterStore.SUFFIX + ".");
            }
            if (tooLarge) {
                throw Problem.conflict("Dead letter " + id + " is larger than " + ReplayStore.LARGEST_RESENT
                        + " bytes, so Kafka might refuse it, and whatever the service sends after it would wait. Its"
                        + " bytes are in GET /dead-letters/" + id + ".");
            }
            throw Problem.conflict(tooOld("Dead letter " + id + " is"));
        });
    }

    private String tooOld(String what) {
        return what + " older than " + replays.dedupWindow()
                + " (INBOX_RETENTION): a consumer that had handled it would handle it again."
                + " \"force\":true and a reason send it all the same.";
    }

    private void list(RoutingContext ctx) {
        PageRequest page = PageRequest.of(ctx);
        String state = ctx.request().getParam("state");
        if (state != null && !STATES.contains(state)) {
            throw Problem.badRequest("state", "must be running, done or stopped, but was \"" + state + "\"");
        }
        ReplayStore.list(pool, state, OutboxRoutes.cursor(page), page.limit() + 1)
                .map(jobs -> Page.of(jobs, page.limit(), job -> job.id().toString()))
                .onSuccess(jobs -> Responses.json(ctx, 200, jobs))
                .onFailure(ctx::fail);
    }

    private void find(RoutingContext ctx) {
        existing(pool, OutboxRoutes.uuid(ctx, "replay"))
                .onSuccess(job -> Responses.json(ctx, 200, job))
                .onFailure(ctx::fail);
    }

    private void stop(RoutingContext ctx) {
        UUID id = OutboxRoutes.uuid(ctx, "replay");
        String reason = ctx.body().isEmpty()
                ? null
                : JsonBody.read(ctx, StopRequest.class).reason();
        if (isBlank(reason)) {
            throw Problem.badRequest("reason", "must say why it is stopped");
        }
        Operator who = Operator.of(ctx);
        pool.withTransaction(tx -> ReplayStore.stop(tx, id, who.name() + ": " + reason)
                        .compose(stopped -> stopped
                                ? OperatorActions.record(
                                        tx, who, "dead-letter.replay-stop", id.toString(), reason, new JsonObject())
                                : notRunning(tx, id)))
                .compose(recorded -> existing(pool, id))
                .onSuccess(job -> Responses.json(ctx, 200, job))
                .onFailure(ctx::fail);
    }

    private Future<Void> notRunning(SqlClient tx, UUID id) {
        return existing(tx, id).map(job -> {
            throw Problem.conflict("Replay " + id + " is " + job.job().state() + " already.");
        });
    }

    private Future<Job> existing(SqlClient client, UUID id) {
        return ReplayStore.find(client, id)
                .map(found -> found.orElseThrow(() -> Problem.notFound("There is no replay " + id + ".")))
                .compose(job -> ReplayPreviewStore.matching(
                                client, job.filter(), job.id(), job.force(), replays.dedupWindow())
                        .map(left -> new Job(job, left.count(), left.tooOld(), left.tooLarge(), left.keyNotText())));
    }

    private static boolean isBlank(@Nullable String text) {
        return text == null || text.isBlank();
    }
}
