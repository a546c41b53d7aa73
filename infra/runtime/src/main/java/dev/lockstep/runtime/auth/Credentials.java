package dev.lockstep.runtime.auth;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import org.jspecify.annotations.Nullable;

/** The credentials of a request, to be forwarded to a service that is asked for the same caller. Never printed. */
public final class Credentials {
    /** Without credentials, for work that no caller has requested. */
    public static final Credentials NONE = new Credentials(null);

    private final @Nullable String authorization;

    private Credentials(@Nullable String authorization) {
        this.authorization = authorization;
    }

    public static Credentials of(HttpServerRequest request) {
        return new Credentials(request.getHeader(HttpHeaders.AUTHORIZATION));
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
