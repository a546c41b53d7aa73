package dev.lockstep.runtime.auth;

import io.vertx.core.Future;
import io.vertx.core.http.HttpServerRequest;

/** Finds out who sent a request. */
interface Authenticator {
    /** Every request is permitted. */
    Authenticator NONE = request -> Future.succeededFuture(Caller.ANYONE);

    /**
     * Returns the caller.
     *
     * @return fails with {@link RefusedTokenException}, or with a problem if the caller cannot be verified now; complete on return unless
     *     keys have to be read
     */
    Future<Caller> authenticate(HttpServerRequest request);
}
