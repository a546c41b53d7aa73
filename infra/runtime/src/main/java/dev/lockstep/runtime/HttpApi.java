package dev.lockstep.runtime;

import dev.lockstep.messaging.http.ProblemHandler;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.runtime.HealthChecks.Liveness;
import dev.lockstep.runtime.HealthChecks.Readiness;
import dev.lockstep.runtime.HealthChecks.Status;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.concurrent.TimeUnit;

/** The HTTP server setup that all services share. Each service adds its own routes. */
public final class HttpApi {
    private static final long BODY_LIMIT = 256 * 1024;
    private static final int BACKLOG = 1024;
    private static final int IDLE_SECONDS = 75;
    private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

    private HttpApi() {}

    /**
     * Creates a router that rejects requests that {@link HttpAccess} does not allow, reads bodies up to 256 KiB, answers every failure with
     * {@code application/problem+json}, and serves {@code /health/live}, {@code /health/ready} and {@code /metrics}. The service adds its
     * routes to it.
     */
    public static Router router(Vertx vertx, ServiceContext context) {
        Router router = Router.router(vertx);
        ProblemHandler.mount(router, BODY_LIMIT);
        router.route().handler(HttpApi::setCommonHeaders);
        router.route().handler(new AccessRules(context.config().http()));
        router.route().handler(HttpApi::answerHeadAsGet);
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
     * Starts the HTTP server on the configured address. The future completes once it listens, and fails with a {@link StartException} if
     * the address cannot be used. The server is drained and closed when the service stops.
     */
    public static Future<HttpServer> listen(Vertx vertx, Router router, ServiceContext context) {
        return listen(vertx, router, context.config().http(), context.meters(), ConnectionLimit.OF_PROCESS);
    }

    static Future<HttpServer> listen(
            Vertx vertx, Router router, HttpConfig http, MeterRegistry meters, ConnectionLimit connections) {
        HttpServerOptions options = new HttpServerOptions()
                .setHost(http.host())
                .setPort(http.port())
                .setAcceptBacklog(BACKLOG)
                .setIdleTimeout(idleSeconds(http.limits()))
                .setIdleTimeoutUnit(TimeUnit.SECONDS)
                .setHttp2ClearTextEnabled(false)
                .setPerFrameWebSocketCompressionSupported(false)
                .setPerMessageWebSocketCompressionSupported(false);
        HttpConnectionHandler edge = new HttpConnectionHandler(options, http.limits(), connections, meters);
        return vertx.createHttpServer(options)
                .connectionHandler(edge::connected)
                .invalidRequestHandler(edge::rejectMalformed)
                .requestHandler(router)
                .listen()
                .onSuccess(server -> ListeningServer.register(vertx, server))
                .recover(failure -> Future.failedFuture(ListenAddress.explain(http, failure)));
    }

    // Vert.x also counts a connection as idle while the service works on its request, so the idle timeout has to exceed
    // the request timeout.
    private static int idleSeconds(HttpLimits limits) {
        return Math.toIntExact(Math.max(IDLE_SECONDS, limits.requestTimeout().toSeconds() + 1));
    }

    private static void setCommonHeaders(RoutingContext ctx) {
        ctx.response().putHeader(HttpHeaders.CACHE_CONTROL, "no-store").putHeader("X-Content-Type-Options", "nosniff");
        ctx.next();
    }

    // Vert.x omits the body of a response to HEAD. A HEAD route for every path would turn each 404 into a 405.
    private static void answerHeadAsGet(RoutingContext ctx) {
        if (!ctx.request().method().equals(HttpMethod.HEAD)) {
            ctx.next();
            return;
        }
        String query = ctx.request().query();
        ctx.reroute(HttpMethod.GET, ctx.request().path() + (query == null ? "" : "?" + query));
    }

    // On a worker thread: computing the gauges may take a while, and an event loop must not wait for them.
    private static void scrape(RoutingContext ctx, PrometheusMeterRegistry prometheus) {
        ctx.vertx()
                .executeBlocking(prometheus::scrape, false)
                .onSuccess(text -> ctx.response()
                        .putHeader(HttpHeaders.CONTENT_TYPE, PROMETHEUS_TEXT)
                        .end(text))
                .onFailure(ctx::fail);
    }
}
