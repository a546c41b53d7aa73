package dev.lockstep.messaging.resend;

import dev.lockstep.messaging.http.ApiRoutes;
import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.JsonBody;
import dev.lockstep.messaging.http.OperatorRight;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.listing.Listing;
import dev.lockstep.messaging.listing.ScanWindowStore.ScanResult;
import dev.lockstep.messaging.operator.Operator;
import dev.lockstep.messaging.operator.OperatorActions;
import dev.lockstep.messaging.resend.ResendStore.Filter;
import dev.lockstep.messaging.resend.ResendStore.ResendView;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Lets an operator send messages again ({@code POST /outbox/resend}), and list and stop such resends ({@code /outbox/resends}). */
public final class ResendRoutes {
    private static final int MAX_IDS = 1_000;
    // Ids begin with the milliseconds since 1970 in 48 bits, so a time far outside the range would be mapped to another
    // time.
    private static final Instant YEAR_10000 = Instant.parse("+10000-01-01T00:00:00Z");

    private static final String PATH = "/outbox/resends";
    private static final int DEFAULT_RATE = 1_000;
    private static final int MAX_RATE = 5_000;
    private static final int MAX_UNFINISHED = 5;

    private final Pool pool;
    private final BoundedReads reads;
    private final ResendJobs resends;
    private final Duration dedupWindow;

    private ResendRoutes(Pool pool, BoundedReads reads, ResendJobs resends, Duration dedupWindow) {
        this.pool = pool;
        this.reads = reads;
        this.resends = resends;
        this.dedupWindow = dedupWindow;
    }

    /** @param dedupWindow how long readers recognise a repeat; older messages are sent again only with {@code force} */
    public static void mount(
            Router router,
            RouteAccess access,
            Pool pool,
            BoundedReads reads,
            ResendJobs resends,
            Duration dedupWindow) {
        ResendRoutes routes = new ResendRoutes(pool, reads, resends, dedupWindow);
        ApiRoutes.on(router, access)
                .post("/outbox/resend", OperatorRight.WRITE, routes::resend)
                .get(PATH, OperatorRight.READ, routes::list)
                .get(PATH + "/:id", OperatorRight.READ, routes::find)
                .post(PATH + "/:id/stop", OperatorRight.WRITE, routes::stop);
    }

    /** The body of {@code POST /outbox/resend}: ids, or filters that must all match. */
    record Request(
            @Nullable List<UUID> ids,
            @Nullable String key,
            @Nullable String type,
            @Nullable String topic,
            @Nullable String from,
            @Nullable String to,
            @Nullable Boolean all,
            @Nullable Integer ratePerSecond,
            @Nullable Boolean dryRun,
            @Nullable Boolean force,
            @Nullable String reason) {
        Filter filter() {
            return new Filter(ids, key, type, topic, instant("from", from), instant("to", to));
        }

        boolean isDryRun() {
            return Boolean.TRUE.equals(dryRun);
        }

        boolean isForced() {
            return Boolean.TRUE.equals(force);
        }

        boolean isForAll() {
            return Boolean.TRUE.equals(all);
        }

        int rate() {
            int rate = ratePerSecond == null ? DEFAULT_RATE : ratePerSecond;
            if (rate < 1 || rate > MAX_RATE) {
                throw Problem.badRequest("ratePerSecond", "must be from 1 to " + MAX_RATE + ", but was " + rate);
            }
            return rate;
        }

        boolean hasFilter() {
            return key != null || type != null || topic != null;
        }
    }

    /** The body of {@code POST /outbox/resends/{id}/stop}. */
    record StopRequest(@Nullable String reason) {}

    private static @Nullable Instant instant(String member, @Nullable String text) {
        if (text == null) {
            return null;
        }
        try {
            Instant time = OffsetDateTime.parse(text).toInstant();
            if (time.isBefore(Instant.EPOCH) || !time.isBefore(YEAR_10000)) {
                throw Problem.badRequest(member, "must be from 1970 to 9999, but was \"" + text + "\"");
            }
            return time;
        } catch (DateTimeParseException malformed) {
            throw Problem.badRequest(member, "must be a time such as 2026-01-31T12:00:00Z, but was \"" + text + "\"");
        }
    }

    private void resend(RoutingContext ctx) {
        Request request = JsonBody.read(ctx, Request.class);
        Filter filter = request.filter();
        check(request, filter);
        int rate = request.rate();
        if (request.isDryRun()) {
            reads.read(tx -> ResendStore.count(tx, filter))
                    .onSuccess(count -> Responses.json(ctx, 200, counted(count)))
                    .onFailure(ctx::fail);
            return;
        }
        Operator who = Operator.of(ctx);
        reads.read(tx -> ResendStore.existsOlderThan(tx, filter, dedupWindow))
                .compose(older -> {
                    if (older && !request.isForced()) {
                        throw Problem.conflict("Some of these messages are older than " + dedupWindow
                                + " (INBOX_RETENTION). A consumer that has already handled them would handle them"
                                + " again. To resend them anyway, set {\"force\":true,\"reason\":\"...\"}.");
                    }
                    return create(request, filter, rate, who);
                })
                .compose(id -> resends.begin(id).compose(begun -> existing(pool, id)))
                .onSuccess(job -> {
                    ctx.response().putHeader(HttpHeaders.LOCATION, PATH + "/" + job.id());
                    Responses.json(ctx, 202, job);
                })
                .onFailure(ctx::fail);
    }

    private Future<UUID> create(Request request, Filter filter, int rate, Operator who) {
        return pool.withTransaction(tx -> ResendStore.create(tx, filter, rate, request.reason(), who, MAX_UNFINISHED)
                        .map(id -> id.orElseThrow(() -> Problem.conflict(MAX_UNFINISHED
                                + " resends are unfinished, which is the maximum. One runs at a time, and the others"
                                + " wait for it. Wait until one has ended, or stop one; GET " + PATH + " lists them.")))
                        .compose(id -> OperatorActions.record(
                                        tx, who, "outbox.resend", id.toString(), request.reason(), details(request))
                                .map(id)))
                .map(id -> Objects.requireNonNull(id));
    }

    private static JsonObject details(Request request) {
        JsonObject details = new JsonObject();
        put(details, "ids", request.ids() == null ? null : request.ids().size());
        put(details, "key", request.key());
        put(details, "type", request.type());
        put(details, "topic", request.topic());
        put(details, "from", request.from());
        put(details, "to", request.to());
        put(details, "all", request.all());
        put(details, "ratePerSecond", request.ratePerSecond());
        return request.isForced() ? details.put("force", true) : details;
    }

    private static void put(JsonObject details, String name, @Nullable Object value) {
        if (value != null) {
            details.put(name, value);
        }
    }

    private void check(Request request, Filter filter) {
        boolean timed = request.from() != null || request.to() != null;
        if (request.ids() == null && !request.hasFilter() && !timed && !request.isForAll()) {
            throw Problem.badRequest("ids", "is required unless key, type, topic, from or to is set, or all is true");
        }
        if (request.ids() != null && (request.hasFilter() || timed || request.isForAll())) {
            throw Problem.badRequest("ids", "cannot be combined with key, type, topic, from, to or all");
        }
        if (request.isForAll() && request.hasFilter()) {
            throw Problem.badRequest("all", "cannot be combined with key, type or topic");
        }
        if (request.ids() == null && !request.hasFilter() && !request.isForAll() && startsBeforeDedupWindow(filter)) {
            throw Problem.badRequest(
                    "all",
                    "must be true to send all messages again: ids, key, type and topic are not set, and from is"
                            + " missing or more than " + dedupWindow + " (INBOX_RETENTION) ago");
        }
        if (request.ids() != null && (request.ids().isEmpty() || request.ids().size() > MAX_IDS)) {
            throw Problem.badRequest("ids", "must have 1 to " + MAX_IDS + " elements");
        }
        if (request.isForced() && (request.reason() == null || request.reason().isBlank())) {
            throw Problem.badRequest("reason", "is required if force is true");
        }
    }

    // Rows older than the dedup window must not be sent again without force.
    private boolean startsBeforeDedupWindow(Filter filter) {
        Instant from = filter.from();
        return from == null || from.isBefore(Instant.now().minus(dedupWindow));
    }

    private static Map<String, Object> counted(long count) {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("dryRun", true);
        answer.put("matching", Math.min(count, Listing.MAX_COUNTED));
        answer.put("more", count > Listing.MAX_COUNTED);
        return answer;
    }

    private void list(RoutingContext ctx) {
        Listing.respond(
                ctx,
                reads,
                ResendView::id,
                (tx, before, limit) -> ResendStore.list(tx, before, limit).map(ScanResult::complete));
    }

    private void find(RoutingContext ctx) {
        UUID id = Listing.uuid(ctx, "resend");
        reads.read(tx -> existing(tx, id))
                .onSuccess(job -> Responses.json(ctx, 200, job))
                .onFailure(ctx::fail);
    }

    private void stop(RoutingContext ctx) {
        UUID id = Listing.uuid(ctx, "resend");
        String reason =
                JsonBody.readOr(ctx, StopRequest.class, new StopRequest(null)).reason();
        if (reason == null || reason.isBlank()) {
            throw Problem.badRequest("reason", "is required to stop a resend");
        }
        Operator who = Operator.of(ctx);
        pool.withTransaction(tx -> ResendStore.stop(tx, id, who.name() + ": " + reason)
                        .compose(stopped -> stopped
                                ? OperatorActions.record(
                                        tx, who, "outbox.resend-stop", id.toString(), reason, new JsonObject())
                                : notRunning(tx, id)))
                .compose(recorded -> existing(pool, id))
                .onSuccess(job -> Responses.json(ctx, 200, job))
                .onFailure(ctx::fail);
    }

    private static Future<Void> notRunning(SqlClient tx, UUID id) {
        return existing(tx, id).map(job -> {
            throw Problem.conflict("Resend " + id + " is already " + job.state() + ".");
        });
    }

    private static Future<ResendView> existing(SqlClient client, UUID id) {
        return ResendStore.find(client, id)
                .map(job -> job.orElseThrow(() -> Problem.notFound("There is no resend " + id + "."))
                        .view());
    }
}
