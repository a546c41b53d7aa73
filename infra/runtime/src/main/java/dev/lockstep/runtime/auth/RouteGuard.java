package dev.lockstep.runtime.auth;

import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.operator.Operator;
import dev.lockstep.runtime.auth.RefusedTokenException.Reason;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.RoutingContext;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/** Refuses requests to a route whose caller lacks the access that the route requires. */
final class RouteGuard {
    private static final String REALM = "Bearer realm=\"lockstep\"";

    private final Authenticator authenticator;
    private final TrustedProxies proxies;
    private final Map<Reason, Counter> refusals = new EnumMap<>(Reason.class);
    private final Counter denials;

    RouteGuard(Authenticator authenticator, TrustedProxies proxies, MeterRegistry meters) {
        this.authenticator = authenticator;
        this.proxies = proxies;
        for (Reason reason : Reason.values()) {
            refusals.put(reason, refusal(reason.tag(), meters));
        }
        denials = refusal("scope", meters);
    }

    private static Counter refusal(String reason, MeterRegistry meters) {
        return Counter.builder("lockstep.auth.refused")
                .description("requests refused because of a missing or invalid token or a missing scope")
                .tag("reason", reason)
                .register(meters);
    }

    /** Adds the check to the route. Call it before the handlers of the route are added. */
    void protect(Route route, Access access) {
        if (access.signIn()) {
            route.handler(ctx -> check(ctx, access));
        }
    }

    private void check(RoutingContext ctx, Access access) {
        HttpServerRequest request = ctx.request();
        Future<Caller> identified = authenticator.authenticate(request);
        // On a router that has not read the body, it must not be lost while the caller is verified.
        boolean paused = !identified.isComplete() && !request.isEnded();
        if (paused) {
            request.pause();
        }
        identified.onComplete(
                caller -> {
                    if (paused) {
                        request.resume();
                    }
                    admit(ctx, access, caller);
                },
                failure -> {
                    if (paused) {
                        request.resume();
                    }
                    refuse(ctx, failure);
                });
    }

    private void admit(RoutingContext ctx, Access access, Caller caller) {
        if (!access.permits(caller)) {
            denials.increment();
            challenge(ctx, REALM + ", error=\"insufficient_scope\", scope=\"" + access.scopes() + "\"");
            ctx.fail(Problem.forbidden("The token lacks the scope "
                    + String.join(" or ", access.scopes().split(" ", -1))));
            return;
        }
        caller.attachTo(ctx);
        String subject = caller.subject();
        if (subject != null) {
            Operator.identify(ctx, subject);
        } else {
            proxies.user(ctx.request()).ifPresent(user -> Operator.identify(ctx, user));
        }
        ctx.next();
    }

    private void refuse(RoutingContext ctx, Throwable failure) {
        if (!(failure instanceof RefusedTokenException refused)) {
            ctx.fail(failure);
            return;
        }
        Objects.requireNonNull(refusals.get(refused.reason())).increment();
        // RFC 6750 has no error code for a request without credentials.
        challenge(
                ctx,
                refused.reason() == Reason.MISSING
                        ? REALM
                        : REALM + ", error=\"invalid_token\", error_description=\"" + refused.detail() + "\"");
        ctx.fail(Problem.unauthorized(refused.detail()));
    }

    private static void challenge(RoutingContext ctx, String challenge) {
        ctx.response().putHeader("WWW-Authenticate", challenge);
    }
}
