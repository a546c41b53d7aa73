package dev.lockstep.messaging.http;

import dev.lockstep.messaging.failure.FailureClassifier;
import dev.lockstep.messaging.record.TextRules;
import dev.lockstep.messaging.record.TraceContext;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Answers every failure of a router with {@code application/problem+json}: problems, the router's own errors, and unexpected exceptions.
 */
public final class ProblemHandler implements Handler<RoutingContext> {
    private static final Logger LOGGER = LoggerFactory.getLogger(ProblemHandler.class);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);
    private static final List<Integer> ROUTER_STATUSES = List.of(400, 404, 405, 406, 413, 414, 415, 417, 500, 503);

    private final Router router;
    private final long bodyLimit;

    private ProblemHandler(Router router, long bodyLimit) {
        this.router = router;
        this.bodyLimit = bodyLimit;
    }

    /** A handler for the failures of individual routes. */
    static ProblemHandler of(Router router, long bodyLimit) {
        return new ProblemHandler(router, bodyLimit);
    }

    /**
     * Makes the router answer all its failures with this handler. Call it before any route is added, because it must see the failures of
     * all routes.
     *
     * @param bodyLimit the largest body in bytes that the router accepts; the 413 problem quotes it
     */
    public static void mount(Router router, long bodyLimit) {
        ProblemHandler problems = new ProblemHandler(router, bodyLimit);
        router.route().handler(ProblemHandler::rejectUnstorableText).failureHandler(problems);
        // A request that matches no route never reaches a failure handler: the router calls its error handlers instead.
        ROUTER_STATUSES.forEach(status -> router.errorHandler(status, ctx -> problems.answer(ctx, status)));
    }

    // Checked before the text reaches the database, because the database does not report which parameter is invalid.
    private static void rejectUnstorableText(RoutingContext ctx) {
        for (Map.Entry<String, String> parameter : parameters(ctx)) {
            if (!TextRules.isStorable(parameter.getKey()) || !TextRules.isStorable(parameter.getValue())) {
                throw Problem.badRequest(parameter.getKey(), TextRules.RULE);
            }
        }
        ctx.next();
    }

    // Parameters are decoded on first access; without this check a bad encoding would fail the request as an internal
    // error.
    private static MultiMap parameters(RoutingContext ctx) {
        try {
            return ctx.request().params();
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest(
                    "The query string is not percent-encoded according to RFC 3986: " + e.getMessage(), List.of());
        }
    }

    @Override
    public void handle(RoutingContext ctx) {
        answer(ctx, ctx.statusCode());
    }

    // The status is a parameter because a request that fails before it is routed has no status of its own.
    private void answer(RoutingContext ctx, int status) {
        HttpServerResponse response = ctx.response();
        if (response.ended() || response.closed()) {
            return;
        }
        Problem problem = problem(ctx, status);
        if (response.headWritten()) {
            // A part of the response is already sent: only closing the connection shows the client that it is
            // incomplete.
            ctx.request().connection().close();
            return;
        }
        problem.retryAfter()
                .ifPresent(after ->
                        response.putHeader(HttpHeaders.RETRY_AFTER, Long.toString(Math.max(1, after.toSeconds()))));
        Responses.end(ctx, problem.status(), "application/problem+json", ProblemBody.of(problem));
    }

    private Problem problem(RoutingContext ctx, int status) {
        Throwable failure = ctx.failure();
        if (failure instanceof Problem problem) {
            return problem;
        }
        if (failure != null && status >= 500) {
            return internalError(ctx, failure);
        }
        return switch (status) {
            case 400 ->
                Problem.of(400, "The request is not valid HTTP" + (failure == null ? "" : ": " + failure.getMessage()));
            case 404 ->
                Problem.notFound("There is no resource at " + ctx.request().path());
            case 405 -> methodNotAllowed(ctx);
            case 413 -> Problem.tooLarge("The body may be at most " + bodyLimit + " bytes");
            case 415 -> Problem.unsupportedMediaType("The body must be application/json");
            default -> other(status < 400 ? 500 : status);
        };
    }

    private static Problem other(int status) {
        return Problem.of(status, phrase(status));
    }

    private static Problem internalError(RoutingContext ctx, Throwable failure) {
        Problem problem = toProblem(ctx.request().method(), failure);
        switch (problem.status()) {
            case 400 -> {}
            // Not at WARN: during a database outage there may be thousands a second, and readiness reports the outage.
            case 503 ->
                withTrace(LOGGER.atDebug(), ctx)
                        .addKeyValue("path", ctx.request().path())
                        .setCause(failure)
                        .log("database unavailable");
            default ->
                withTrace(LOGGER.atError(), ctx)
                        .addKeyValue("method", ctx.request().method())
                        .addKeyValue("path", ctx.request().path())
                        .setCause(failure)
                        .log("request failed");
        }
        return problem;
    }

    private static LoggingEventBuilder withTrace(LoggingEventBuilder event, RoutingContext ctx) {
        String traceparent = RequestTrace.of(ctx);
        return traceparent == null ? event : event.addKeyValue("traceId", TraceContext.traceId(traceparent));
    }

    /** Returns the response to a request that failed with an exception other than a {@link Problem}. */
    static Problem toProblem(HttpMethod method, Throwable failure) {
        if (FailureClassifier.isUnstorableText(failure)) {
            return Problem.badRequest("The request " + TextRules.RULE, List.of());
        }
        return switch (FailureClassifier.classify(failure)) {
            case UNAVAILABLE ->
                Problem.unavailable(retryable(method, "The database is unavailable", failure), RETRY_AFTER);
            case TRANSIENT ->
                Problem.unavailable(
                        retryable(
                                method,
                                "The database could not finish the request in time because of another transaction on"
                                        + " the same rows",
                                failure),
                        RETRY_AFTER);
            case PERMANENT, UNKNOWN -> Problem.of(500, "Internal error; see the service log");
        };
    }

    private static String retryable(HttpMethod method, String reason, Throwable failure) {
        if (HttpMethod.GET.equals(method) || HttpMethod.HEAD.equals(method)) {
            return reason + "; retry the request";
        }
        return FailureClassifier.mayHaveCommitted(failure)
                ? reason + "; it is unknown whether the request took effect, so retry it"
                : reason + "; the request did not take effect, so retry it";
    }

    private Problem methodNotAllowed(RoutingContext ctx) {
        Set<String> allowed = new TreeSet<>();
        for (Route route : router.getRoutes()) {
            Set<HttpMethod> methods = route.methods();
            if (methods != null && matches(route.getPath(), ctx.normalizedPath())) {
                methods.forEach(method -> allowed.add(method.name()));
            }
        }
        String list = String.join(", ", allowed);
        ctx.response().putHeader(HttpHeaders.ALLOW, list);
        return Problem.of(
                405,
                ctx.request().method() + " is not allowed at " + ctx.request().path() + "; allowed: " + list);
    }

    private static boolean matches(@Nullable String pattern, String path) {
        if (pattern == null) {
            return false;
        }
        String[] expected = pattern.split("/");
        String[] actual = path.split("/");
        if (expected.length != actual.length) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if (!expected[i].startsWith(":") && !expected[i].equals(actual[i])) {
                return false;
            }
        }
        return true;
    }

    private static String phrase(int status) {
        return HttpResponseStatus.valueOf(status).reasonPhrase();
    }

    /** The members of RFC 9457 in use. The type keeps its default, because the status is specific enough. */
    private record ProblemBody(
            String type,
            String title,
            int status,
            String detail,
            @Nullable List<FieldError> errors) {
        static ProblemBody of(Problem problem) {
            return new ProblemBody(
                    "about:blank",
                    phrase(problem.status()),
                    problem.status(),
                    problem.detail(),
                    problem.errors().isEmpty() ? null : problem.errors());
        }
    }
}
