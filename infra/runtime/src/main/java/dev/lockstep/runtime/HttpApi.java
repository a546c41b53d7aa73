package dev.lockstep.runtime;

import dev.lockstep.messaging.http.ProblemHandler;
import io.micrometer.core.instrument.MeterRegistry;
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

/** The HTTP server setup that all services share. {@link ServiceRoutes} has the routes. */
public final class HttpApi {
    private static final long BODY_LIMIT = 256 * 1024;
    private static final int BACKLOG = 1024;
    private static final int IDLE_SECONDS = 75;

    private HttpApi() {}

    /**
     * Creates a router without routes. It rejects requests that {@link HttpAccess} does not allow, reads bodies up to 256 KiB, and answers
     * every failure with {@code application/problem+json}.
     */
    public static Router router(Vertx vertx, HttpConfig http) {
        Router router = Router.router(vertx);
        ProblemHandler.mount(router, BODY_LIMIT);
        router.route().handler(HttpApi::setCommonHeaders);
        router.route().handler(new AccessRules(http));
        router.route().handler(HttpApi::answerHeadAsGet);
        router.route().handler(BodyHandler.create(false).setBodyLimit(BODY_LIMIT));
        return router;
    }

    /**
     * Starts the HTTP server on the configured address, and another one on the operators' address if there is one. The future completes
     * once they listen, and fails with a {@link StartException} if an address cannot be used. The servers are drained and closed when the
     * service stops.
     */
    public static Future<HttpServer> listen(Vertx vertx, ServiceRoutes routes, ServiceContext context) {
        HttpConfig http = context.config().http();
        return listen(vertx, routes, http, context.meters(), ConnectionLimit.OF_PROCESS);
    }

    static Future<HttpServer> listen(
            Vertx vertx, ServiceRoutes routes, HttpConfig http, MeterRegistry meters, ConnectionLimit connections) {
        // Assembled now, so that a mistake in it prevents the start.
        routes.document();
        HttpServerOptions options = options(http.limits());
        HttpConnectionHandler edge = new HttpConnectionHandler(options, http.limits(), connections, meters);
        AdminConfig admin = http.admin();
        Future<?> adminListens = admin == null
                ? Future.succeededFuture()
                : listen(vertx, routes.operatorRouter(), edge, options, ListenAddress.admin(admin))
                        .onSuccess(server -> ListeningServer.registerAdmin(vertx, server));
        return adminListens
                .compose(listens -> listen(vertx, routes.router(), edge, options, ListenAddress.main(http)))
                .onSuccess(server -> ListeningServer.register(vertx, server, routes.served()));
    }

    private static Future<HttpServer> listen(
            Vertx vertx, Router router, HttpConnectionHandler edge, HttpServerOptions options, ListenAddress address) {
        return vertx.createHttpServer(
                        new HttpServerOptions(options).setHost(address.host()).setPort(address.port()))
                .connectionHandler(edge::connected)
                .invalidRequestHandler(edge::rejectMalformed)
                .requestHandler(router)
                .listen()
                .recover(failure -> Future.failedFuture(address.explain(failure)));
    }

    private static HttpServerOptions options(HttpLimits limits) {
        return new HttpServerOptions()
                .setAcceptBacklog(BACKLOG)
                .setIdleTimeout(idleSeconds(limits))
                .setIdleTimeoutUnit(TimeUnit.SECONDS)
                .setHttp2ClearTextEnabled(false)
                .setPerFrameWebSocketCompressionSupported(false)
                .setPerMessageWebSocketCompressionSupported(false);
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
}
