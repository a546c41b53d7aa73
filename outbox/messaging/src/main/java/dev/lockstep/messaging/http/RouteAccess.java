package dev.lockstep.messaging.http;

import io.vertx.ext.web.Route;
import io.vertx.ext.web.RoutingContext;

/** Decides who may use the routes of the library. An application implements it with its own sign-in and rights. */
@FunctionalInterface
public interface RouteAccess {
    /** Permits every request. */
    RouteAccess OPEN = (route, right) -> {};

    /**
     * Protects a route. Called once for each route of the library, before the route has handlers.
     *
     * @param route add a handler that lets permitted requests pass with {@code next()} and fails others with a {@link Problem} 401 or 403.
     *     The body of the request has not been read yet, so a handler that completes later must pause the request
     * @param right what the caller must be allowed to do
     */
    void protect(Route route, OperatorRight right);

    /** How much of the values of messages the caller sees. Called for requests that {@link #protect} let pass. */
    default PayloadVisibility payloads(RoutingContext ctx) {
        return PayloadVisibility.FULL;
    }
}
