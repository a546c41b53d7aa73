package dev.lockstep.runtime;

import dev.lockstep.messaging.http.OperatorRight;
import dev.lockstep.messaging.http.PayloadVisibility;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.runtime.HealthChecks.Liveness;
import dev.lockstep.runtime.HealthChecks.Readiness;
import dev.lockstep.runtime.HealthChecks.Status;
import dev.lockstep.runtime.auth.Access;
import dev.lockstep.runtime.auth.Caller;
import dev.lockstep.runtime.auth.Scope;
import dev.lockstep.runtime.auth.SignIn;
import dev.lockstep.runtime.auth.TrustedProxies;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes of a service. No route can be added without the access that it requires. Routes for operators are served on the operators'
 * address if there is one, and only there.
 */
public final class ServiceRoutes {
    private static final Logger LOGGER = LoggerFactory.getLogger(ServiceRoutes.class);
    private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";
    private static final String OPEN_METRICS = "application/openmetrics-text";
    private static final String OPEN_METRICS_TEXT = OPEN_METRICS + "; version=1.0.0; charset=utf-8";

    private final Router router;
    private final Router operatorRouter;
    private final SignIn signIn;
    private final PayloadVisibility payloads;
    // After the check of the caller: a body is kept in memory only for callers who may use the route.
    private final Handler<RoutingContext> body = HttpApi.bodyHandler();
    private final List<Supplier<Future<Void>>> closing = new ArrayList<>();
    private final Set<ServedRoute> served = new LinkedHashSet<>();
    private final Set<String> documents = new LinkedHashSet<>();
    private @Nullable JsonObject document;

    /** A route and the access that it requires. The path has its parameters as {@code :name}. */
    public record ServedRoute(HttpMethod method, String path, Access access) {
        /** The route as OpenAPI writes it, such as {@code GET /orders/{id}}. */
        public String operation() {
            return method + " " + OpenApiDocument.path(this);
        }
    }

    private ServiceRoutes(Router router, Router operatorRouter, SignIn signIn, PayloadVisibility payloads) {
        this.router = router;
        this.operatorRouter = operatorRouter;
        this.signIn = signIn;
        this.payloads = payloads;
    }

    /**
     * Creates the routes that every service has: {@code /health/live}, {@code /health/ready}, {@code /metrics} and {@code /openapi.json}.
     * If the service has sign-in, the keys of the issuer are read in the background, and readiness reports a failure to do so as a warning.
     * The caller closes them.
     */
    public static ServiceRoutes open(Vertx vertx, ServiceContext context) {
        HttpConfig http = context.config().http();
        Router router = HttpApi.router(vertx, http);
        AdminConfig admin = http.admin();
        Router operatorRouter = admin == null ? router : HttpApi.router(vertx, http.at(admin));
        ServiceRoutes routes = new ServiceRoutes(
                router, operatorRouter, signIn(vertx, context), http.auth().payloads());
        routes.documents.addAll(List.of("runtime", context.config().name()));
        routes.addOpen(router, context.health());
        if (admin != null) {
            routes.addOpen(operatorRouter, context.health());
        }
        if (context.meters() instanceof PrometheusMeterRegistry prometheus) {
            Access access = admin == null ? Access.anyOf(Scope.OPERATOR_READ) : Access.open();
            routes.add(operatorRouter, HttpMethod.GET, "/metrics", access, ctx -> scrape(ctx, prometheus));
        }
        return routes;
    }

    private static SignIn signIn(Vertx vertx, ServiceContext context) {
        AuthConfig auth = context.config().http().auth();
        TrustedProxies proxies =
                new TrustedProxies(context.config().http().access().trustedProxies());
        if (auth.issuer() == null) {
            (auth.declaredOpen() ? LOGGER.atWarn() : LOGGER.atInfo())
                    .addKeyValue("service", context.config().service())
                    .addKeyValue("host", context.config().http().host())
                    .log("there is no sign-in: every request is permitted");
            return SignIn.none(proxies, context.meters());
        }
        SignIn signIn = SignIn.with(vertx, auth.issuer(), proxies, context.meters());
        // A warning, not a failure: routes without sign-in work, and to remove the instance would not help the others.
        context.health().register("sign-in", Optional::empty);
        context.health().warn("sign-in", signIn::warning);
        return signIn;
    }

    public ServiceRoutes get(String path, Access access, Handler<RoutingContext> handler) {
        return add(HttpMethod.GET, path, access, handler);
    }

    public ServiceRoutes post(String path, Access access, Handler<RoutingContext> handler) {
        return add(HttpMethod.POST, path, access, handler);
    }

    public ServiceRoutes put(String path, Access access, Handler<RoutingContext> handler) {
        return add(HttpMethod.PUT, path, access, handler);
    }

    public ServiceRoutes delete(String path, Access access, Handler<RoutingContext> handler) {
        return add(HttpMethod.DELETE, path, access, handler);
    }

    /** All routes, including those that {@link #messagingAccess} protects. */
    List<ServedRoute> served() {
        return List.copyOf(served);
    }

    /** The OpenAPI document of the routes. Call it after the last route was added. */
    JsonObject document() {
        if (document == null) {
            document = OpenApiDocument.assemble(documents, served);
        }
        return document;
    }

    /** Calls this when the routes are closed. */
    void onClose(Supplier<Future<Void>> stop) {
        closing.add(stop);
    }

    /** Stops reading the keys of the issuer and the files of the certificate. */
    public Future<Void> close() {
        return Future.join(closing.stream().map(Supplier::get).toList())
                .eventually(signIn::close)
                .mapEmpty();
    }

    Router router() {
        return router;
    }

    Router operatorRouter() {
        return operatorRouter;
    }

    /** The access of the library's routes. They belong to {@link #operatorRouter}. */
    RouteAccess messagingAccess() {
        documents.add("messaging");
        return new RouteAccess() {
            @Override
            public void protect(Route route, OperatorRight right) {
                Access access = Access.anyOf(right == OperatorRight.READ ? Scope.OPERATOR_READ : Scope.OPERATOR_WRITE);
                HttpMethod method = route.methods().iterator().next();
                ServiceRoutes.this.protect(route, method, String.valueOf(route.getPath()), access);
            }

            @Override
            public PayloadVisibility payloads(RoutingContext ctx) {
                return Caller.of(ctx).has(Scope.OPERATOR_PAYLOADS) ? PayloadVisibility.FULL : payloads;
            }
        };
    }

    private ServiceRoutes add(HttpMethod method, String path, Access access, Handler<RoutingContext> handler) {
        return add(access.isForOperators() ? operatorRouter : router, method, path, access, handler);
    }

    private ServiceRoutes add(
            Router target, HttpMethod method, String path, Access access, Handler<RoutingContext> handler) {
        Route route = target.route(method, path);
        protect(route, method, path, access);
        route.handler(body).handler(handler);
        return this;
    }

    private void protect(Route route, HttpMethod method, String path, Access access) {
        served.add(new ServedRoute(method, path, access));
        signIn.protect(route, access);
    }

    private void addOpen(Router target, HealthChecks health) {
        add(target, HttpMethod.GET, "/openapi.json", Access.open(), ctx -> Responses.json(ctx, 200, document()));
        add(target, HttpMethod.GET, "/health/live", Access.open(), ctx -> {
            Liveness liveness = health.liveness();
            Responses.json(ctx, liveness.status() == Status.UP ? 200 : 503, liveness);
        });
        add(target, HttpMethod.GET, "/health/ready", Access.open(), ctx -> {
            Readiness readiness = health.readiness();
            Responses.json(ctx, readiness.status() == Status.UP ? 200 : 503, readiness);
        });
    }

    // Only OpenMetrics has exemplars. Prometheus asks for it by default.
    private static String formatOf(@Nullable String accept) {
        return accept != null && accept.contains(OPEN_METRICS) ? OPEN_METRICS_TEXT : PROMETHEUS_TEXT;
    }

    // On a worker thread: computing the gauges may take a while, and an event loop must not wait for them.
    private static void scrape(RoutingContext ctx, PrometheusMeterRegistry prometheus) {
        String type = formatOf(ctx.request().getHeader(HttpHeaders.ACCEPT));
        ctx.vertx()
                .executeBlocking(() -> prometheus.scrape(type), false)
                .onSuccess(text ->
                        ctx.response().putHeader(HttpHeaders.CONTENT_TYPE, type).end(text))
                .onFailure(ctx::fail);
    }
}
