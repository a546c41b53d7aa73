package dev.lockstep.messaging.http;

import io.vertx.core.Handler;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/**
 * Mounts routes that depend on no other handler of their router. The caller's right is checked first, then routes that change data read
 * their own body. Every failure is answered with {@code application/problem+json}, unless a failure handler that was mounted earlier
 * answers it.
 */
public final class ApiRoutes {
    private final Router router;
    private final RouteAccess access;
    private final Handler<RoutingContext> body = JsonBody.handler();
    private final Handler<RoutingContext> problems;

    private ApiRoutes(Router router, RouteAccess access) {
        this.router = router;
        this.access = access;
        this.problems = ProblemHandler.of(router, JsonBody.MAX_ROUTE_BODY_BYTES);
    }

    /** @param access decides who may use the routes */
    public static ApiRoutes on(Router router, RouteAccess access) {
        return new ApiRoutes(router, access);
    }

    public ApiRoutes get(String path, OperatorRight right, Handler<RoutingContext> handler) {
        protectedRoute(router.get(path), right).handler(handler);
        return this;
    }

    public ApiRoutes post(String path, OperatorRight right, Handler<RoutingContext> handler) {
        protectedRoute(router.post(path), right).handler(body).handler(handler);
        return this;
    }

    public ApiRoutes delete(String path, OperatorRight right, Handler<RoutingContext> handler) {
        protectedRoute(router.delete(path), right).handler(body).handler(handler);
        return this;
    }

    private Route protectedRoute(Route route, OperatorRight right) {
        access.protect(route.failureHandler(problems), right);
        return route;
    }
}
