package dev.lockstep.runtime.auth;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import org.jspecify.annotations.Nullable;

/**
 * The access token of a request, to be forwarded to a service that is asked for the same caller. Never printed. Credentials of other schemes
 * are not forwarded: they are for a proxy in front of this service, and may be a password.
 */
public final class Credentials {
    /** Without credentials, for work that no caller has requested. */
    public static final Credentials NONE = new Credentials(null);

    private final @Nullable String authorization;

    private Credentials(@Nullable String authorization) {
        this.authorization = authorization;
    }

    public static Credentials of(HttpServerRequest request) {
        return ofHeader(request.getHeader(HttpHeaders.AUTHORIZATION));
    }

    static Credentials ofToken(String token) {
        return new Credentials("Bearer " + token);
    }

    static Credentials ofHeader(@Nullable String authorization) {
        return authorization != null && BearerTokens.hasScheme(authorization) ? new Credentials(authorization) : NONE;
    }

    /** The value of the header Authorization, or null if there is none. */
    public @Nullable String authorization() {
        return authorization;
    }

    @Override
    public String toString() {
        return "***";
    }
}
