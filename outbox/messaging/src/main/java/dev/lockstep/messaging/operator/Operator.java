package dev.lockstep.messaging.operator;

import io.vertx.ext.web.RoutingContext;
import org.jspecify.annotations.Nullable;

/**
 * The operator who requests an action.
 *
 * @param name at most 200 characters, without control characters
 */
public record Operator(String name) {
    private static final String KEY = Operator.class.getName();
    private static final int MAX_NAME_LENGTH = 200;

    public Operator {
        name = printable(name);
    }

    /**
     * Names the operator of a request. An application calls it in {@link dev.lockstep.messaging.http.RouteAccess}, with the name that it
     * has verified.
     */
    public static void identify(RoutingContext ctx, String name) {
        ctx.put(KEY, name);
    }

    /** The operator that {@link #identify} named, or {@code anonymous@<remote address>} if it was not called. */
    public static Operator of(RoutingContext ctx) {
        return of(ctx.get(KEY), ctx.request().remoteAddress().hostAddress());
    }

    static Operator of(@Nullable String user, @Nullable String address) {
        Operator named = new Operator(user == null ? "" : user);
        return named.name().isEmpty() ? new Operator("anonymous@" + address) : named;
    }

    private static String printable(String text) {
        return text.codePoints()
                .filter(each -> !Character.isISOControl(each)
                        && Character.getType(each) != Character.FORMAT
                        && Character.getType(each) != Character.SURROGATE)
                .limit(MAX_NAME_LENGTH)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString()
                .strip();
    }
}
