package dev.lockstep.runtime.auth;

import io.vertx.ext.web.RoutingContext;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The caller of a request.
 *
 * @param subject the subject of the verified token, or null if the service has no sign-in
 * @param scopes the scopes that the caller has
 */
public record Caller(@Nullable String subject, Set<Scope> scopes) {
    /**
     * The caller of a service without sign-in: has every scope except {@link Scope#OPERATOR_PAYLOADS}, so that masked values stay masked if
     * they are to be masked.
     */
    public static final Caller ANYONE = new Caller(null, EnumSet.complementOf(EnumSet.of(Scope.OPERATOR_PAYLOADS)));

    private static final String KEY = Caller.class.getName();

    public Caller {
        scopes = Set.copyOf(scopes);
    }

    /**
     * The caller of a request on a route that requires sign-in.
     *
     * @throws IllegalStateException on a route that is open to everyone
     */
    public static Caller of(RoutingContext ctx) {
        if (ctx.get(KEY) instanceof Caller caller) {
            return caller;
        }
        throw new IllegalStateException("the route " + ctx.currentRoute() + " does not require sign-in");
    }

    void attachTo(RoutingContext ctx) {
        ctx.put(KEY, this);
    }

    public boolean has(Scope scope) {
        return scopes.contains(scope);
    }

    /** Whether the caller is this user. */
    public boolean is(@Nullable String userId) {
        return subject != null && subject.equals(userId);
    }
}
