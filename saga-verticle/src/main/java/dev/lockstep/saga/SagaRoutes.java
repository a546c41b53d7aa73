package dev.lockstep.saga;

import dev.lockstep.contracts.FieldConstraints;
import dev.lockstep.messaging.http.JsonBody;
import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.QueryParameters;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.messaging.operator.Operator;
import dev.lockstep.runtime.ServiceRoutes;
import dev.lockstep.runtime.auth.Access;
import dev.lockstep.runtime.auth.Credentials;
import dev.lockstep.runtime.auth.Scope;
import dev.lockstep.saga.domain.OrderId;
import dev.lockstep.saga.domain.SagaEvent.AbandonRequested;
import dev.lockstep.saga.domain.SagaEvent.CompensationRequested;
import dev.lockstep.saga.domain.SagaEvent.OperatorAction;
import dev.lockstep.saga.domain.SagaEvent.RetryRequested;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.Pool;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** HTTP routes under {@code /sagas}: read sagas, and apply operator actions to them. */
final class SagaRoutes {
    private static final int MAX_REASON_LENGTH = 1000;

    private final Pool pool;
    private final SagaQueries reads;
    private final SagaProcessor processor;

    SagaRoutes(Pool pool, SagaQueries reads, SagaProcessor processor) {
        this.pool = pool;
        this.reads = reads;
        this.processor = processor;
    }

    void mount(ServiceRoutes routes) {
        Access read = Access.anyOf(Scope.OPERATOR_READ);
        Access write = Access.anyOf(Scope.OPERATOR_WRITE);
        routes.get("/sagas", read, this::list)
                .get("/sagas/:orderId", read, this::find)
                .post("/sagas/:orderId/retry", write, ctx -> act(ctx, (id, reason) -> new RetryRequested(id)))
                .post(
                        "/sagas/:orderId/compensate",
                        write,
                        ctx -> act(ctx, (id, reason) -> new CompensationRequested(id)))
                .post(
                        "/sagas/:orderId/abandon",
                        write,
                        ctx -> act(ctx, (id, reason) -> new AbandonRequested(id, required(reason))));
    }

    /** Body of an operator action, with the operator's reason. */
    record ActionRequest(@Nullable String reason) {}

    private void list(RoutingContext ctx) {
        SagaFilter filter = SagaFilter.of(QueryParameters.of(ctx));
        reads.list(filter)
                .map(views -> Page.of(views, filter.limit(), SagaFilter::cursor))
                .onSuccess(page -> Responses.json(ctx, 200, page))
                .onFailure(ctx::fail);
    }

    private void find(RoutingContext ctx) {
        QueryParameters query = QueryParameters.of(ctx);
        boolean investigate = query.parseOr("obstacles", true, "must be true or false", SagaRoutes::bool);
        query.requireValid();
        existing(orderId(ctx))
                .compose(saga -> investigate && !saga.waiting().waitingFor().isEmpty()
                        ? reads.withObstacles(saga, Credentials.of(ctx.request()))
                        : Future.succeededFuture(saga))
                .compose(reads::withHistory)
                .onSuccess(saga -> Responses.json(ctx, 200, saga))
                .onFailure(ctx::fail);
    }

    private void act(RoutingContext ctx, BiFunction<OrderId, @Nullable String, OperatorAction> toAction) {
        String id = orderId(ctx);
        String reason = reason(ctx);
        ActionInitiator by = new ActionInitiator(Operator.of(ctx), reason);
        Future<SagaView> acted = existing(id)
                .compose(saga -> {
                    OperatorAction action = toAction.apply(new OrderId(saga.orderId()), reason);
                    return pool.withTransaction(tx -> processor.act(tx, action, by));
                })
                .compose(done -> existing(id));
        acted.onSuccess(saga -> Responses.json(ctx, 202, saga))
                .onFailure(failure -> ctx.fail(
                        failure instanceof RefusedActionException || failure instanceof UnreadableSagaException
                                ? Problem.conflict(String.valueOf(failure.getMessage()))
                                : failure));
    }

    private static Optional<Boolean> bool(String text) {
        return switch (text) {
            case "true" -> Optional.of(true);
            case "false" -> Optional.of(false);
            default -> Optional.empty();
        };
    }

    private Future<SagaView> existing(String orderId) {
        return reads.find(orderId)
                .map(saga -> saga.orElseThrow(() -> Problem.notFound("Order " + orderId + " has no saga")));
    }

    private static String orderId(RoutingContext ctx) {
        String id = Objects.requireNonNull(ctx.pathParam("orderId"));
        String problem = FieldConstraints.orderIdProblem(id);
        if (problem != null) {
            throw Problem.badRequest("orderId", problem);
        }
        return id;
    }

    private static @Nullable String reason(RoutingContext ctx) {
        if (ctx.body().isEmpty()) {
            return null;
        }
        String reason = JsonBody.read(ctx, ActionRequest.class).reason();
        if (reason != null && reason.length() > MAX_REASON_LENGTH) {
            throw Problem.badRequest("reason", "must have at most " + MAX_REASON_LENGTH + " characters");
        }
        return reason == null || reason.isBlank() ? null : reason.strip();
    }

    private static String required(@Nullable String reason) {
        if (reason == null) {
            throw Problem.badRequest("reason", "is required: steps that are not undone yet stay in effect");
        }
        return reason;
    }
}
