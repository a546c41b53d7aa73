package dev.lockstep.runtime.auth;

import dev.lockstep.messaging.schedule.PeriodicTask;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.auth.oauth2.OAuth2Auth;
import io.vertx.ext.auth.oauth2.OAuth2FlowType;
import io.vertx.ext.auth.oauth2.OAuth2Options;
import io.vertx.ext.auth.oauth2.Oauth2Credentials;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The access token of a service itself: requested from the issuer with the client credentials of the service (RFC 6749, section 4.4), kept,
 * and renewed shortly before it expires. Confined to one Vert.x context, except for {@link #problem}.
 */
public final class ClientTokens {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final Duration CHECK_INTERVAL = Duration.ofSeconds(10);
    private static final Duration MAX_MARGIN = Duration.ofSeconds(30);
    private static final Duration DEFAULT_LIFETIME = Duration.ofMinutes(1);
    private static final Duration MAX_LIFETIME = Duration.ofDays(1);
    private static final int MAX_REASON_LENGTH = 300;

    private final Vertx vertx;
    private final Issuer issuer;
    private final ClientIdentity identity;
    private final Scope scope;
    private final IssuerClient client;
    private final PeriodicTask renewals;
    private @Nullable OAuth2Auth provider;
    private @Nullable URI tokenUri;
    private Credentials credentials = Credentials.NONE;
    private long renewAt;
    private @Nullable Future<Credentials> request;

    private ClientTokens(Vertx vertx, Issuer issuer, ClientIdentity identity, Scope scope) {
        this.vertx = vertx;
        this.issuer = issuer;
        this.identity = identity;
        this.scope = scope;
        this.client = new IssuerClient(vertx, issuer);
        this.renewals = new PeriodicTask(
                vertx,
                "requesting an access token for this service from " + issuer.name(),
                CHECK_INTERVAL,
                () -> credentials().map(false));
    }

    /**
     * Starts requesting tokens in the background, so that a problem shows before a token is needed. The caller closes the result.
     *
     * @param scope the scope that the tokens need
     */
    public static ClientTokens open(Vertx vertx, Issuer issuer, ClientIdentity identity, Scope scope) {
        ClientTokens tokens = new ClientTokens(vertx, issuer, identity, scope);
        tokens.renewals.startAfter(Duration.ZERO);
        return tokens;
    }

    /**
     * A valid token. Complete on return, unless a token has to be requested; the request takes a few seconds at most. Fails with a message
     * that names the address at fault.
     */
    public Future<Credentials> credentials() {
        if (credentials != Credentials.NONE && System.nanoTime() - renewAt < 0) {
            return Future.succeededFuture(credentials);
        }
        Future<Credentials> pending = request;
        if (pending != null) {
            return pending;
        }
        Future<Credentials> begun =
                request().timeout(2 * TIMEOUT.toMillis(), TimeUnit.MILLISECONDS).onComplete(ended -> request = null);
        if (!begun.isComplete()) {
            request = begun;
        }
        return begun;
    }

    /** Forgets the token if a service has refused it. The next one is requested when it is needed. */
    public void refusedIf(boolean refused) {
        if (refused) {
            credentials = Credentials.NONE;
        }
    }

    /** Why the last request for a token failed, in one sentence. Empty if it succeeded. Thread-safe. */
    public Optional<String> problem() {
        return renewals.problem();
    }

    public Future<Void> close() {
        Future<Void> stopped = renewals.stop();
        forgetProvider();
        return client.close().eventually(() -> stopped);
    }

    private Future<Credentials> request() {
        return provider().compose(this::token).map(this::keep).onFailure(failure -> forgetProvider());
    }

    // The issuer may have another address now.
    private void forgetProvider() {
        OAuth2Auth failed = provider;
        provider = null;
        if (failed != null) {
            failed.close();
        }
    }

    private Future<OAuth2Auth> provider() {
        OAuth2Auth known = provider;
        if (known != null) {
            return Future.succeededFuture(known);
        }
        return client.tokenUri().map(uri -> {
            OAuth2Auth created = OAuth2Auth.create(vertx, options(uri));
            provider = created;
            tokenUri = uri;
            return created;
        });
    }

    private OAuth2Options options(URI tokenUri) {
        return new OAuth2Options()
                .setClientId(identity.id())
                .setClientSecret(identity.secret())
                .setTokenPath(tokenUri.toString())
                .setHttpClientOptions(IssuerClient.options(issuer));
    }

    private Future<JsonObject> token(OAuth2Auth from) {
        return from.authenticate(
                        new Oauth2Credentials().setFlow(OAuth2FlowType.CLIENT).addScope(scope.value()))
                .map(user -> user.principal())
                .recover(failure ->
                        Future.failedFuture(new IllegalStateException(tokenUri + ": " + reason(failure), failure)));
    }

    private Credentials keep(JsonObject response) {
        if (!(response.getValue("access_token") instanceof String token) || token.length() > TokenVerifier.MAX_LENGTH) {
            throw new IllegalStateException(tokenUri + ": the response has no access_token of up to "
                    + TokenVerifier.MAX_LENGTH + " characters");
        }
        Duration lifetime = response.getValue("expires_in") instanceof Number seconds && seconds.longValue() > 0
                ? Duration.ofSeconds(Math.min(seconds.longValue(), MAX_LIFETIME.toSeconds()))
                : DEFAULT_LIFETIME;
        Duration tenth = lifetime.dividedBy(10);
        Duration margin = tenth.compareTo(MAX_MARGIN) < 0 ? tenth : MAX_MARGIN;
        renewAt = System.nanoTime() + lifetime.minus(margin).toNanos();
        credentials = Credentials.ofToken(token);
        return credentials;
    }

    private static String reason(Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        return message.length() <= MAX_REASON_LENGTH ? message : message.substring(0, MAX_REASON_LENGTH) + "...";
    }
}
