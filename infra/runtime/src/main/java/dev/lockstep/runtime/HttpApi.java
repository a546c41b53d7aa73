package dev.lockstep.runtime;

import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.ProblemHandler;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.runtime.HealthChecks.Liveness;
import dev.lockstep.runtime.HealthChecks.Readiness;
import dev.lockstep.runtime.HealthChecks.Status;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** What the HTTP side of all services has in common. Their own routes are theirs. */
public final class HttpApi {
    private static final long BODY_LIMIT = 256 * 1024;
    private static final int BACKLOG = 1024;
    private static final int IDLE_SECONDS = 75;
    private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

    private HttpApi() {}

    /**
     * A router that reads bodies up to 256 KiB, answers every failure with {@code application/problem+json}, and serves
     * {@code /health/live}, {@code /health/ready} and {@code /metrics}. The service adds its routes to it.
     */
    public static Router router(Vertx vertx, ServiceContext context) {
        Router router = Router.router(vertx);
        ProblemHandler.mount(router, BODY_LIMIT);
        router.route().handler(HttpApi::refuseBrokenQueries);
        router.route().handler(HttpApi::refuseForms);
        router.route().handler(BodyHandler.create(false).setBodyLimit(BODY_LIMIT));
        router.get("/health/live").handler(ctx -> {
            Liveness liveness = context.health().liveness();
            Responses.json(ctx, liveness.status() == Status.UP ? 200 : 503, liveness);
        });
        router.get("/health/ready").handler(ctx -> {
            Readiness readiness = context.health().readiness();
            Responses.json(ctx, readiness.status() == Status.UP ? 200 : 503, readiness);
        });
        if (context.meters() instanceof PrometheusMeterRegistry prometheus) {
            router.get("/metrics").handler(ctx -> scrape(ctx, prometheus));
        }
        return router;
    }

    /**
     * Listens as configured; the future fails with a {@link StartException} that says what is wrong with the address. The
     * server is drained and closed when the service stops.
     */
    public static Future<HttpServer> listen(Vertx vertx, Router router, HttpConfig http) {
        HttpServerOptions options = new HttpServerOptions()
                .setHost(http.host())
                .setPort(http.port())
                .setAcceptBacklog(BACKLOG)
                .setIdleTimeout(IDLE_SECONDS)
                .setIdleTimeoutUnit(TimeUnit.SECONDS);
        return vertx.createHttpServer(options)
                .requestHandler(router)
                .listen()
                .onSuccess(server -> ListeningServer.remember(vertx, server))
                .recover(failure -> Future.failedFuture(ListenAddress.explain(http, failure)));
    }

    // Parameters are decoded when a route asks for one, and would fail it as something unforeseen.
    private static void refuseBrokenQueries(RoutingContext ctx) {
        try {
            ctx.request().params();
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest(
                    "The query after ? is not percent-encoded as RFC 3986 says: " + e.getMessage(), List.of());
        }
        ctx.next();
    }

    // Before the body is read: a form would be taken apart, and fail as one, before anybody can say that JSON is
    // wanted.
    private static void refuseForms(RoutingContext ctx) {
        String contentType = ctx.request().getHeader(HttpHeaders.CONTENT_TYPE);
        if (contentType != null && hasBody(ctx.request())) {
            String type = contentType.strip().toLowerCase(Locale.ROOT);
            if (type.startsWith("multipart/") || type.startsWith("application/x-www-form-urlencoded")) {
                throw Problem.unsupportedMediaType(
                        "The body must be application/json in UTF-8, but Content-Type is \"" + contentType + "\"");
            }
        }
        ctx.next();
    }

    private static boolean hasBody(HttpServerRequest request) {
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        return length == null ? request.headers().contains(HttpHeaders.TRANSFER_ENCODING) : !length.equals("0");
    }

    // On a worker: gauges may take a while to add up, and an event loop must not wait for them.
    private static void scrape(RoutingContext ctx, PrometheusMeterRegistry prometheus) {
        ctx.vertx()
                .executeBlocking(prometheus::scrape, false)
                .onSuccess(text -> ctx.response()
                        .putHeader(HttpHeaders.CONTENT_TYPE, PROMETHEUS_TEXT)
                        .end(text))
                .onFailure(ctx::fail);
    }
}
