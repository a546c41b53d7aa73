package dev.lockstep.messaging.http;

import io.vertx.core.Handler;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/**
 * Mounts routes that depend on no other handler of their router. Routes that change data read their own body, and every failure is answered
 * with {@code application/problem+json}, unless a failure handler that was mounted earlier answers it.
 */
public final class ApiRoutes {
    private final Router router;
    private final Handler<RoutingContext> body = JsonBody.handler();
    private final Handler<RoutingContext> problems;

    private ApiRoutes(Router router) {
        this.router = router;
        this.problems = ProblemHandler.of(router, JsonBody.MAX_ROUTE_BODY_BYTES);
    }

    public static ApiRoutes on(Router router) {
        return new ApiRoutes(router);
    }

    public ApiRoutes get(String path, Handler<RoutingContext> handler) {
        router.get(path).handler(handler).failureHandler(problems);
        return this;
    }

    public ApiRoutes post(String path, Handler<RoutingContext> handler) {
        router.post(path).handler(body).handler(handler).failureHandler(problems);
        return this;
    }

    public ApiRoutes delete(String path, Handler<RoutingContext> handler) {
        router.delete(path).handler(body).handler(handler).failureHandler(problems);
        return this;
    }
}
