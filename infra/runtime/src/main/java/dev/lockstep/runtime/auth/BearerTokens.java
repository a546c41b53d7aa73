package dev.lockstep.runtime.auth;

import dev.lockstep.messaging.http.Problem;
import dev.lockstep.runtime.auth.RefusedTokenException.Reason;
import dev.lockstep.runtime.auth.TokenVerifier.UnknownKeyException;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Verifies the bearer token (RFC 6750) of a request with the keys of the issuer. */
final class BearerTokens implements Authenticator {
    private static final String SCHEME = "bearer ";
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private final TokenVerifier verifier;
    private final IssuerKeys keys;

    BearerTokens(TokenVerifier verifier, IssuerKeys keys) {
        this.verifier = verifier;
        this.keys = keys;
    }

    @Override
    public Future<Caller> authenticate(HttpServerRequest request) {
        String token;
        try {
            token = token(request.headers().getAll(HttpHeaders.AUTHORIZATION));
        } catch (RefusedTokenException refused) {
            return Future.failedFuture(refused);
        }
        return verify(token)
                .recover(failure -> failure instanceof UnknownKeyException
                        ? verifyWithRenewedKeys(token)
                        : Future.failedFuture(failure));
    }

    private Future<Caller> verifyWithRenewedKeys(String token) {
        return keys.renewForUnknownKey()
                .compose(attempted -> verify(token))
                .recover(failure -> Future.failedFuture(
                        failure instanceof UnknownKeyException unknown ? unknownKey(unknown) : failure));
    }

    private Future<Caller> verify(String token) {
        Optional<SigningKeys> current = keys.current();
        return current.isEmpty()
                ? Future.failedFuture(unavailable("The keys of the issuer have not been read yet"))
                : verifier.verify(token, current.get());
    }

    // While the issuer is unavailable, the token may be signed with a key that is new.
    private RuntimeException unknownKey(UnknownKeyException unknown) {
        return keys.mayBeOutdated()
                ? unavailable("The key of the token is unknown, and the keys of the issuer cannot be read now")
                : unknown.refusal();
    }

    private static Problem unavailable(String reason) {
        return Problem.unavailable(reason + "; retry later", RETRY_AFTER);
    }

    /** Whether the value of a header Authorization is a bearer token. */
    static boolean hasScheme(String authorization) {
        return authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
    }

    private static String token(List<String> headers) {
        if (headers.isEmpty()) {
            throw new RefusedTokenException(
                    Reason.MISSING, "Sign-in is required: send an access token as \"Authorization: Bearer ...\"");
        }
        String header = headers.getFirst();
        if (headers.size() > 1 || !hasScheme(header)) {
            throw new RefusedTokenException(
                    Reason.MALFORMED, "There must be one Authorization header, with the scheme Bearer");
        }
        return header.substring(SCHEME.length()).strip();
    }
}
