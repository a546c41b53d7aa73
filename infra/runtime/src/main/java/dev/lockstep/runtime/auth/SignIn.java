package dev.lockstep.runtime.auth;

import dev.lockstep.runtime.auth.IssuerKeys.Schedule;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Route;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The sign-in of a service: reads the keys of the issuer in the background, and protects routes. */
public final class SignIn {
    private final RouteGuard guard;
    private final @Nullable IssuerClient client;
    private final @Nullable IssuerKeys keys;

    private SignIn(RouteGuard guard, @Nullable IssuerClient client, @Nullable IssuerKeys keys) {
        this.guard = guard;
        this.client = client;
        this.keys = keys;
    }

    /** Permits every request. */
    public static SignIn none(TrustedProxies proxies, MeterRegistry meters) {
        return new SignIn(new RouteGuard(Authenticator.NONE, proxies, meters), null, null);
    }

    /**
     * Accepts the tokens of an issuer. Its keys are read in the background, so the issuer may be unavailable: routes that need sign-in are
     * then answered 503. Use it on one Vert.x context. The caller closes it.
     */
    public static SignIn with(Vertx vertx, Issuer issuer, TrustedProxies proxies, MeterRegistry meters) {
        IssuerClient client = new IssuerClient(vertx, issuer);
        IssuerKeys keys = new IssuerKeys(vertx, issuer.name(), client::keys, Schedule.DEFAULT, System::nanoTime);
        TokenVerifier verifier = new TokenVerifier(issuer.rules(), InstantSource.system());
        keys.start();
        return new SignIn(new RouteGuard(new BearerTokens(verifier, keys), proxies, meters), client, keys);
    }

    /** Adds the check of the access to the route. Call it before the handlers of the route are added. */
    public void protect(Route route, Access access) {
        guard.protect(route, access);
    }

    /** Why the issuer's keys could not be read or renewed, in one sentence. Empty if there is no problem. */
    public Optional<String> warning() {
        return keys == null ? Optional.empty() : keys.warning();
    }

    public Future<Void> close() {
        if (keys == null || client == null) {
            return Future.succeededFuture();
        }
        keys.stop();
        return client.close();
    }
}
