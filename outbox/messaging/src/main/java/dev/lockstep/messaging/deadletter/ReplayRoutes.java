package dev.lockstep.messaging.deadletter;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.lockstep.messaging.deadletter.DeadLetterQueries.Filter;
import dev.lockstep.messaging.deadletter.ReplayPreviewStore.ReplayPreview;
import dev.lockstep.messaging.deadletter.ReplayStore.ReplayOptions;
import dev.lockstep.messaging.deadletter.ReplayStore.ReplayView;
import dev.lockstep.messaging.http.ApiRoutes;
import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.JsonBody;
import dev.lockstep.messaging.http.OperatorRight;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.QueryParameters;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.listing.Listing;
import dev.lockstep.messaging.listing.ScanWindowStore.ScanResult;
import dev.lockstep.messaging.operator.Operator;
import dev.lockstep.messaging.operator.OperatorActions;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Lets an operator replay dead letters: one, or all that match as a job; and list and stop such jobs. */
final class ReplayRoutes {
    private static final String PATH = "/dead-letters/replays";
    private static final Set<String> STATES = Set.of("running", "done", "stopped");
    private static final int DEFAULT_RATE = 50;
    private static final int MAX_RATE = 10_000;
    private static final int DEFAULT_MAX_FAILURES = 10;
    private static final int MAX_FAILURES_LIMIT = 1_000_000;
    private static final int MAX_RUNNING = 5;
    private static final String FILTERS = "topic, type, reason, key, errorClass and fingerprint";
    private static final String TO_TOPIC_HINT =
            "\"to\":\"topic\" sends to the topic instead, which all its consumer groups read.";

    private final RouteAccess access;
    private final Pool pool;
    private final BoundedReads reads;
    private final ReplayJobs replays;

    private ReplayRoutes(RouteAccess access, Pool pool, BoundedReads reads, ReplayJobs replays) {
        this.access = access;
        this.pool = pool;
        this.reads = reads;
        this.replays = replays;
    }

    static void mount(ApiRoutes api, RouteAccess access, Pool pool, BoundedReads reads, ReplayJobs replays) {
        ReplayRoutes routes = new ReplayRoutes(access, pool, reads, replays);
        api.post("/dead-letters/replay", OperatorRight.WRITE, routes::replayMatching)
                .get(PATH, OperatorRight.READ, routes::list)
                .get(PATH + "/:id", OperatorRight.READ, routes::find)
                .post(PATH + "/:id/stop", OperatorRight.WRITE, routes::stop)
                .post("/dead-letters/:id/replay", OperatorRight.WRITE, routes::replayOne);
    }

    /**
     * The body of {@code POST /dead-letters/replay}: filters that must all match, or {@code all}.
     *
     * @param to {@code group} or {@code topic}
     * @param reason a filter on the reason of the dead letters; the operator's reason is {@code why}
     * @param why the operator's reason for the replay
     */
    record Request(
            @Nullable String topic,
            @Nullable String type,
            @Nullable String reason,
            @Nullable String key,
            @Nullable String errorClass,
            @Nullable String fingerprint,
            @Nullable Boolean all,
            @Nullable String to,
            @Nullable Boolean dryRun,
            @Nullable Integer ratePerSecond,
            @Nullable Integer maxFailures,
            @Nullable Boolean force,
            @Nullable String why) {
        static final Request EMPTY =
                new Request(null, null, null, null, null, null, null, null, null, null, null, null, null);

        // A request without a filter is more often a lost body than a request for everything.
        Filter filter() {
            Filter filter = new Filter(topic, type, reason, key, errorClass, fingerprint);
            boolean everything = Boolean.TRUE.equals(all);
            if (everything && !filter.isEmpty()) {
                throw Problem.badRequest("all", "cannot be combined with " + FILTERS);
            }
            if (!everything && filter.isEmpty()) {
                throw Problem.badRequest(
                        "all",
                        "must be true to replay all open dead letters, unless one or more of " + FILTERS + " are set");
            }
            return filter;
        }

        ReplayDestination destination() {
            return ReplayDestination.of(to);
        }

        ReplayOptions options() {
            return new ReplayOptions(
                    destination(),
                    within("ratePerSecond", ratePerSecond, DEFAULT_RATE, MAX_RATE),
                    within("maxFailures", maxFailures, DEFAULT_MAX_FAILURES, MAX_FAILURES_LIMIT),
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

    /** The optional body of {@code POST /dead-letters/{id}/replay}. */
    record OneRequest(
            @Nullable String to,
            @Nullable Boolean force,
            @Nullable String reason) {}

    /** The body of {@code POST /dead-letters/replays/{id}/stop}. */
    record StopRequest(@Nullable String reason) {}

    /**
     * A job, with the number of dead letters that it may still replay and of those that it will not. The numbers are absent if counting
     * took too long.
     */
    record ReplayJobView(
            @JsonUnwrapped ReplayView job,
            @Nullable Long remaining,
            @Nullable Long tooOld,
            @Nullable Long tooLarge,
            @Nullable Long keyNotText,
            @Nullable Long groupGone) {
        static ReplayJobView of(ReplayView job, Optional<ReplayPreview> left) {
            return new ReplayJobView(
                    job,
                    left.map(ReplayPreview::count).orElse(null),
                    left.map(ReplayPreview::tooOld).orElse(null),
                    left.map(ReplayPreview::tooLarge).orElse(null),
                    left.map(ReplayPreview::keyNotText).orElse(null),
                    left.map(ReplayPreview::groupGone).orElse(null));
        }
    }

    private void replayMatching(RoutingContext ctx) {
        Request request = JsonBody.readOr(ctx, Request.class, Request.EMPTY);
        ReplayOptions options = request.options();
        Filter filter = request.filter();
        if (options.forced() && isBlank(options.why())) {
            throw Problem.badRequest("why", "is required if force is true; reason is a filter here");
        }
        Future<ReplayPreview> matching = reads.read(tx ->
                ReplayPreviewStore.preview(tx, filter, options.to(), null, options.forced(), replays.dedupWindow()));
        if (Boolean.TRUE.equals(request.dryRun())) {
            matching.onSuccess(found -> Responses.json(ctx, 200, found)).onFailure(ctx::fail);
            return;
        }
        Operator who = Operator.of(ctx);
        emptyIfUnavailable(matching)
                .compose(found -> {
                    found.ifPresent(this::rejectIfNothingReplayable);
                    return create(filter, options, who);
                })
                .compose(id -> replays.begin(id).compose(begun -> existing(id)))
                .onSuccess(job -> {
                    ctx.response()
                            .putHeader(
                                    HttpHeaders.LOCATION, PATH + "/" + job.job().id());
                    Responses.json(ctx, 202, job);
                })
                .onFailure(ctx::fail);
    }

    private void rejectIfNothingReplayable(ReplayPreview found) {
        if (found.count() == 0 && found.tooOld() > 0) {
            throw Problem.conflict(tooOld("Each matching dead letter (" + found.tooOld() + ") is", "why"));
        }
        if (found.count() == 0 && found.groupGone() > 0) {
            throw Problem.conflict("Each matching dead letter (" + found.groupGone() + ") belongs to a consumer group"
                    + " of which no instance reads the topic. " + TO_TOPIC_HINT);
        }
    }

    // The counts are information for operators; a timeout while counting is no reason to refuse their request.
    private static Future<Optional<ReplayPreview>> emptyIfUnavailable(Future<ReplayPreview> matching) {
        return matching.map(Optional::of)
                .recover(cause -> cause instanceof Problem problem && problem.status() == 503
                        ? Future.succeededFuture(Optional.empty())
                        : Future.failedFuture(cause));
    }

    private Future<UUID> create(Filter filter, ReplayOptions options, Operator who) {
        JsonObject details =
                filter.toJson().put("to", options.to().value()).put("ratePerSecond", options.ratePerSecond());
        return pool.withTransaction(tx -> ReplayStore.create(tx, filter, options, who, MAX_RUNNING)
                        .map(id -> id.orElseThrow(() -> Problem.conflict(
                                MAX_RUNNING + " replays are running, which is the maximum. Wait until one has ended, or"
                                        + " stop one; GET " + PATH + "?state=running lists them.")))
                        .compose(id -> OperatorActions.record(
                                        tx,
                                        who,
                                        "dead-letter.replay-matching",
                                        id.toString(),
                                        options.why(),
                                        options.forced() ? details.put("force", true) : details)
                                .map(id)))
                .map(id -> Objects.requireNonNull(id));
    }

    private void replayOne(RoutingContext ctx) {
        UUID id = Listing.uuid(ctx, "dead letter");
        OneRequest request = JsonBody.readOr(ctx, OneRequest.class, new OneRequest(null, null, null));
        ReplayDestination to = ReplayDestination.of(request.to());
        boolean forced = Boolean.TRUE.equals(request.force());
        if (forced && isBlank(request.reason())) {
            throw Problem.badRequest("reason", "is required if force is true");
        }
        Operator who = Operator.of(ctx);
        JsonObject details = new JsonObject().put("to", to.value());
        pool.withTransaction(tx -> ReplayStore.one(tx, id, to, forced, replays.dedupWindow())
                        .compose(replayed -> replayed
                                ? OperatorActions.record(
                                        tx,
                                        who,
                                        "dead-letter.replay",
                                        id.toString(),
                                        request.reason(),
                                        forced ? details.put("force", true) : details)
                                : refusal(tx, id, to)))
                .compose(recorded -> DeadLetterQueries.find(pool, id))
                .onSuccess(deadLetter -> {
                    replays.count(1);
                    Responses.json(ctx, 202, deadLetter.orElseThrow().with(access.payloads(ctx)));
                })
                .onFailure(ctx::fail);
    }

    private Future<Void> refusal(SqlClient tx, UUID id, ReplayDestination to) {
        return DeadLetterQueries.find(tx, id).compose(found -> {
            DeadLetterQueries.DeadLetterView deadLetter =
                    found.orElseThrow(() -> Problem.notFound("There is no dead letter " + id + "."));
            if (!deadLetter.state().equals("open")) {
                throw Problem.conflict("Dead letter " + id + " is already " + deadLetter.state() + ".");
            }
            return ReplayStore.deliverable(tx, id, to).compose(deliverable -> {
                if (!deliverable.hasActiveGroup()) {
                    return SubscriptionStore.lastSeen(tx, deadLetter.consumerGroup(), deadLetter.topic())
                            .map(lastSeen -> {
                                throw Problem.conflict(groupGone(deadLetter, lastSeen));
                            });
                }
                if (!deliverable.keyIsText()) {
                    throw Problem.conflict("The key of dead letter " + id
                            + " is not text or is too long, so the record cannot be sent to the topic unchanged."
                            + " \"to\":\"group\" redelivers it to its own consumer group. The record is on "
                            + deadLetter.topic() + DeadLetterStore.TOPIC_SUFFIX + ".");
                }
                if (!deliverable.fits()) {
                    throw Problem.conflict("Dead letter " + id + " is larger than " + ReplayDestination.MAX_RESENT_BYTES
                            + " bytes. Kafka might refuse it, and the relay would then hold back later messages of its"
                            + " key. \"to\":\"group\" redelivers it to its own consumer group."
                            + " GET /dead-letters/" + id + " returns its bytes.");
                }
                throw Problem.conflict(tooOld("Dead letter " + id + " is", "reason"));
            });
        });
    }

    private static String groupGone(DeadLetterQueries.DeadLetterView deadLetter, Optional<Instant> lastSeen) {
        return "Dead letter " + deadLetter.id() + " belongs to consumer group " + deadLetter.consumerGroup()
                + ", of which no instance of this service reads " + deadLetter.topic()
                + lastSeen.map(when -> " (last seen at " + when + ")").orElse("")
                + ". Start the consumer or, if the group was renamed, send the dead letter to the topic. "
                + TO_TOPIC_HINT;
    }

    private String tooOld(String what, String reasonMember) {
        return what + " older than " + replays.dedupWindow()
                + " (INBOX_RETENTION). The inbox no longer shows whether another delivery of the message was handled,"
                + " so it might be handled again. To replay it anyway, set \"force\":true and \"" + reasonMember
                + "\".";
    }

    private void list(RoutingContext ctx) {
        QueryParameters query = QueryParameters.of(ctx);
        String state = query.parse(
                "state",
                "must be running, done or stopped",
                text -> Optional.of(text).filter(STATES::contains));
        Listing.respond(
                ctx,
                query,
                reads,
                ReplayView::id,
                (tx, before, limit) ->
                        ReplayStore.list(tx, state, before, limit).map(ScanResult::complete));
    }

    private void find(RoutingContext ctx) {
        existing(Listing.uuid(ctx, "replay"))
                .onSuccess(job -> Responses.json(ctx, 200, job))
                .onFailure(ctx::fail);
    }

    private void stop(RoutingContext ctx) {
        UUID id = Listing.uuid(ctx, "replay");
        String reason =
                JsonBody.readOr(ctx, StopRequest.class, new StopRequest(null)).reason();
        if (isBlank(reason)) {
            throw Problem.badRequest("reason", "is required to stop a replay");
        }
        Operator who = Operator.of(ctx);
        pool.withTransaction(tx -> ReplayStore.stop(tx, id, who.name() + ": " + reason)
                        .compose(stopped -> stopped
                                ? OperatorActions.record(
                                        tx, who, "dead-letter.replay-stop", id.toString(), reason, new JsonObject())
                                : notRunning(tx, id)))
                .compose(recorded -> existing(id))
                .onSuccess(job -> Responses.json(ctx, 200, job))
                .onFailure(ctx::fail);
    }

    private static Future<Void> notRunning(SqlClient tx, UUID id) {
        return findOrNotFound(tx, id).map(job -> {
            throw Problem.conflict("Replay " + id + " is already " + job.state() + ".");
        });
    }

    private Future<ReplayJobView> existing(UUID id) {
        return findOrNotFound(pool, id)
                .compose(job -> emptyIfUnavailable(reads.read(tx -> ReplayPreviewStore.preview(
                                tx, job.filter(), job.to(), job.id(), job.force(), replays.dedupWindow())))
                        .map(left -> ReplayJobView.of(job, left)));
    }

    private static Future<ReplayView> findOrNotFound(SqlClient client, UUID id) {
        return ReplayStore.find(client, id)
                .map(found -> found.orElseThrow(() -> Problem.notFound("There is no replay " + id + ".")));
    }

    private static boolean isBlank(@Nullable String text) {
        return text == null || text.isBlank();
    }
}
