package dev.lockstep.messaging.operator;

import io.vertx.ext.web.RoutingContext;
import org.jspecify.annotations.Nullable;

/**
 * The operator who requests an action. The name comes from a header that the proxy sets, so a client that reaches the service without the
 * proxy can claim any name.
 *
 * @param name at most 200 characters, without control characters
 */
public record Operator(String name) {
    private static final String HEADER = "X-Forwarded-User";
    private static final int MAX_NAME_LENGTH = 200;

    public Operator {
        name = printable(name);
    }

    /** The user that the proxy has authenticated, or {@code anonymous@<remote address>} if the request has no user header. */
    public static Operator of(RoutingContext ctx) {
        return of(ctx.request().getHeader(HEADER), ctx.request().remoteAddress().hostAddress());
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
