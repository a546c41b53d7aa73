package dev.lockstep.runtime;

import dev.lockstep.messaging.http.ProblemHandler;
import dev.lockstep.runtime.tls.CertificateFiles;
import dev.lockstep.runtime.tls.CertificateReload;
import dev.lockstep.runtime.tls.ServerCertificate;
import dev.lockstep.runtime.tls.UnusableCertificateException;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The HTTP server setup that all services share. {@link ServiceRoutes} has the routes. */
public final class HttpApi {
    private static final long BODY_LIMIT = 256 * 1024;
    private static final int BACKLOG = 1024;
    private static final int IDLE_SECONDS = 75;
    // ConnectionGuard limits the time of a handshake, and counts those that it ends. This is for a Vert.x without it.
    private static final Duration HANDSHAKE_GRACE = Duration.ofSeconds(1);
    private static final Set<String> TLS_VERSIONS = Set.of("TLSv1.3", "TLSv1.2");

    private HttpApi() {}

    /**
     * Creates a router without routes. It rejects requests that {@link HttpAccess} does not allow, and answers every failure with
     * {@code application/problem+json}.
     */
    public static Router router(Vertx vertx, HttpConfig http) {
        Router router = Router.router(vertx);
        ProblemHandler.mount(router, BODY_LIMIT);
        router.route().handler(HttpApi::setCommonHeaders);
        router.route().handler(new AccessRules(http));
        router.route().handler(HttpApi::answerHeadAsGet);
        return router;
    }

    /** Reads the body of a request, up to 256 KiB, into memory. Each route has it after the check of its caller. */
    static Handler<RoutingContext> bodyHandler() {
        BodyHandler reader = BodyHandler.create(false).setBodyLimit(BODY_LIMIT);
        // Not the reader itself: Vert.x refuses it after other handlers of a route, because it misses a body that
        // arrives while one of them completes later. The check of the caller pauses the request.
        return ctx -> reader.handle(ctx);
    }

    /**
     * Starts the HTTP server on the configured address, and another one on the operators' address if there is one. The future completes
     * once they listen, and fails with a {@link StartException} if an address or the certificate cannot be used. The servers are drained and
     * closed when the service stops. With HTTPS, the files of the certificate are read again until the routes are closed.
     */
    public static Future<HttpServer> listen(Vertx vertx, ServiceRoutes routes, ServiceContext context) {
        return listen(vertx, routes, context, ConnectionLimit.OF_PROCESS);
    }

    static Future<HttpServer> listen(
            Vertx vertx, ServiceRoutes routes, ServiceContext context, ConnectionLimit connections) {
        // Assembled now, so that a mistake in it prevents the start.
        routes.document();
        CertificateFiles files = context.config().http().tls();
        if (files == null) {
            return listen(vertx, routes, context, connections, options(context), null);
        }
        return files.read(vertx)
                .recover(failure -> Future.failedFuture(
                        failure instanceof UnusableCertificateException unusable
                                ? new StartException(String.valueOf(unusable.getMessage()), unusable)
                                : failure))
                .compose(certificate -> {
                    HttpServerOptions options =
                            withTls(options(context), context.config().http().limits(), certificate);
                    CertificateReload reload = new CertificateReload(
                            vertx, files, certificate, changed -> install(vertx, options, changed), context.meters());
                    return listen(vertx, routes, context, connections, options, reload);
                });
    }

    private static Future<HttpServer> listen(
            Vertx vertx,
            ServiceRoutes routes,
            ServiceContext context,
            ConnectionLimit connections,
            HttpServerOptions options,
            @Nullable CertificateReload certificate) {
        HttpConfig http = context.config().http();
        HttpConnectionHandler edge = new HttpConnectionHandler(options, http.limits(), connections, context.meters());
        AcceptThrottle.beforeHandshakes(vertx, edge::accepted);
        AdminConfig admin = http.admin();
        Future<?> adminListens = admin == null
                ? Future.succeededFuture()
                : listen(vertx, routes.operatorRouter(), edge, options, ListenAddress.admin(admin))
                        .onSuccess(server -> ListeningServer.registerAdmin(vertx, server));
        return adminListens
                .compose(listens -> listen(vertx, routes.router(), edge, options, ListenAddress.main(http)))
                .onSuccess(server -> {
                    ListeningServer.register(vertx, server, routes.served(), certificate);
                    if (certificate != null) {
                        certificate.start();
                        routes.onClose(certificate::stop);
                        context.health().register("certificate", Optional::empty);
                        context.health().warn("certificate", certificate::warning);
                    }
                });
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

    private static HttpServerOptions options(ServiceContext context) {
        HttpLimits limits = context.config().http().limits();
        return new HttpServerOptions()
                .setAcceptBacklog(BACKLOG)
                .setIdleTimeout(idleSeconds(limits))
                .setIdleTimeoutUnit(TimeUnit.SECONDS)
                .setHttp2ClearTextEnabled(false)
                .setPerFrameWebSocketCompressionSupported(false)
                .setPerMessageWebSocketCompressionSupported(false);
    }

    private static HttpServerOptions withTls(
            HttpServerOptions options, HttpLimits limits, ServerCertificate certificate) {
        return new HttpServerOptions(options)
                .setSsl(true)
                .setUseAlpn(true)
                .setAlpnVersions(List.of(HttpVersion.HTTP_1_1))
                .setEnabledSecureTransportProtocols(TLS_VERSIONS)
                .setSslHandshakeTimeout(
                        limits.headerTimeout().plus(HANDSHAKE_GRACE).toMillis())
                .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS)
                .setKeyCertOptions(certificate.options());
    }

    private static Future<?> install(Vertx vertx, HttpServerOptions options, ServerCertificate certificate) {
        return Future.join(ListeningServer.all(vertx).stream()
                .map(server -> server.updateSSLOptions(
                        options.getSslOptions().copy().setKeyCertOptions(certificate.options())))
                .toList());
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
