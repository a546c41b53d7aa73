package dev.lockstep.messaging;

import dev.lockstep.messaging.ResendStore.Filter;
import dev.lockstep.messaging.ResendStore.Shown;
import dev.lockstep.messaging.http.JsonBody;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.Responses;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.Pool;
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

/** Lets an operator have messages sent again: {@code POST /outbox/resend}, and how far that is: {@code GET /outbox/resends/{id}}. */
final class ResendRoutes {
    private static final int MOST_IDS = 1_000;
    private static final long MOST_COUNTED = 100_000;
    // Ids begin with the milliseconds since 1970, in 48 bits: times far outside would be taken for others.
    private static final Instant YEAR_10000 = Instant.parse("+10000-01-01T00:00:00Z");

    private final Pool pool;
    private final Resends resends;
    private final Duration dedupWindow;

    private ResendRoutes(Pool pool, Resends resends, Duration dedupWindow) {
        this.pool = pool;
        this.resends = resends;
        this.dedupWindow = dedupWindow;
    }

    /** @param dedupWindow how long readers recognise a repeat: what is older is sent again only with force */
    static void mount(Router router, Pool pool, Resends resends, Duration dedupWindow) {
        ResendRoutes routes = new ResendRoutes(pool, resends, dedupWindow);
        router.post("/outbox/resend").handler(routes::resend);
        router.get("/outbox/resends/:id").handler(routes::find);
    }

    /** What {@code POST /outbox/resend} takes: ids, or a filter whose members must all match. */
    record Request(
            @Nullable List<UUID> ids,
            @Nullable String key,
            @Nullable String type,
            @Nullable String topic,
            @Nullable String from,
            @Nullable String to,
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
    }

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
        check(request);
        Filter filter = request.filter();
        if (request.isDryRun()) {
            ResendStore.count(pool, filter)
                    .onSuccess(count -> Responses.json(ctx, 200, counted(count)))
                    .onFailure(ctx::fail);
            return;
        }
        Operator who = Operator.of(ctx);
        ResendStore.anyOlder(pool, filter, dedupWindow)
                .compose(older -> {
                    if (older && !request.isForced()) {
                        throw Problem.conflict("Some of these messages are older than " + dedupWindow
                                + " (INBOX_RETENTION): a reader that had handled them would handle them again."
                                + " {\"force\":true,\"reason\":\"...\"} sends them all the same.");
                    }
                    return create(request, filter, who);
                })
                .compose(id -> resends.begin(id).compose(begun -> existing(id)))
                .onSuccess(job -> Responses.json(ctx, 202, job))
                .onFailure(ctx::fail);
    }

    private Future<UUID> create(Request request, Filter filter, Operator who) {
        return pool.withTransaction(tx -> ResendStore.create(tx, filter, request.reason(), who)
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
        return request.isForced() ? details.put("force", true) : details;
    }

    private static void put(JsonObject details, String name, @Nullable Object value) {
        if (value != null) {
            details.put(name, value);
        }
    }

    private static void check(Request request) {
        boolean filtered = request.key() != null
                || request.type() != null
                || request.topic() != null
                || request.from() != null
                || request.to() != null;
        if (request.ids() == null && !filtered) {
            throw Problem.badRequest("ids", "or one of key, type, topic, from and to must say what to send again");
        }
        if (request.ids() != null && filtered) {
            throw Problem.badRequest("ids", "cannot go together with key, type, topic, from or to");
        }
        if (request.ids() != null && (request.ids().isEmpty() || request.ids().size() > MOST_IDS)) {
            throw Problem.badRequest("ids", "must be 1 to " + MOST_IDS + " ids");
        }
        if (request.isForced() && (request.reason() == null || request.reason().isBlank())) {
            throw Problem.badRequest("reason", "must say why, as force is set");
        }
    }

    private static Map<String, Object> counted(long count) {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("dryRun", true);
        answer.put("matching", Math.min(count, MOST_COUNTED));
        answer.put("more", count > MOST_COUNTED);
        return answer;
    }

    private void find(RoutingContext ctx) {
        existing(OutboxRoutes.uuid(ctx, "resend"))
                .onSuccess(job -> Responses.json(ctx, 200, job))
                .onFailure(ctx::fail);
    }

    private Future<Shown> existing(UUID id) {
        return ResendStore.find(pool, id)
                .map(job -> job.orElseThrow(() -> Problem.notFound("There is no resend " + id + "."))
                        .shown());
    }
}
