package dev.lockstep.runtime.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lockstep.runtime.auth.RefusedTokenException.Reason;
import io.vertx.core.Future;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.auth.NoSuchKeyIdException;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Verifies access tokens. {@link SigningKeys} verifies the signature, {@link TokenRules} checks the claims. The checks before that refuse
 * what no issuer of ours sends: other algorithms, extensions that must be understood, tokens of other kinds.
 */
final class TokenVerifier {
    /** A header section has at most 8 KiB, and other fields need some of it. */
    static final int MAX_LENGTH = 6 * 1024;

    private static final Pattern COMPACT = Pattern.compile("[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+");
    private static final Set<String> TYPES = Set.of("jwt", "at+jwt", "application/at+jwt", "application/jwt");

    private final TokenRules rules;
    private final InstantSource clock;

    TokenVerifier(TokenRules rules, InstantSource clock) {
        this.rules = rules;
        this.clock = clock;
    }

    /**
     * Verifies a token.
     *
     * @return complete on return; fails with {@link UnknownKeyException} if none of the keys has the id that the token names, otherwise
     *     with {@link RefusedTokenException}
     */
    Future<Caller> verify(String token, SigningKeys keys) {
        try {
            checkHeader(token);
        } catch (RefusedTokenException refused) {
            return Future.failedFuture(refused);
        }
        return keys.verify(token)
                .recover(failure -> Future.failedFuture(toRefusal(failure)))
                .map(claims -> rules.check(claims, clock.instant()));
    }

    private static void checkHeader(String token) {
        if (token.length() > MAX_LENGTH) {
            throw new RefusedTokenException(Reason.MALFORMED, "The token has more than " + MAX_LENGTH + " characters");
        }
        if (!COMPACT.matcher(token).matches()) {
            throw malformed();
        }
        JsonObject header = header(token);
        if (!(header.getValue("alg") instanceof String algorithm) || !SigningKeys.ALGORITHMS.contains(algorithm)) {
            throw new RefusedTokenException(
                    Reason.ALGORITHM,
                    "The token is not signed with one of the accepted algorithms, which use a key pair");
        }
        if (header.containsKey("crit")) {
            throw new RefusedTokenException(
                    Reason.MALFORMED, "The token requires an extension (crit) that is not supported");
        }
        Object type = header.getValue("typ");
        if (type != null && !(type instanceof String name && TYPES.contains(name.toLowerCase(Locale.ROOT)))) {
            throw new RefusedTokenException(Reason.MALFORMED, "The token is not an access token (typ)");
        }
        Object keyId = header.getValue("kid");
        if (keyId != null && !(keyId instanceof String)) {
            throw malformed();
        }
    }

    private static JsonObject header(String token) {
        try {
            byte[] json = Base64.getUrlDecoder().decode(token.substring(0, token.indexOf('.')));
            return new JsonObject(new String(json, UTF_8));
        } catch (IllegalArgumentException | DecodeException notJson) {
            throw malformed();
        }
    }

    private static RuntimeException toRefusal(Throwable failure) {
        return switch (failure) {
            case RefusedTokenException refused -> refused;
            case NoSuchKeyIdException unknown -> new UnknownKeyException();
            case DecodeException notJson -> malformed();
            default -> new RefusedTokenException(Reason.SIGNATURE, "The signature of the token is not valid");
        };
    }

    private static RefusedTokenException malformed() {
        return new RefusedTokenException(Reason.MALFORMED, "The token is not a signed JSON Web Token (RFC 7519)");
    }

    /** None of the keys has the id that the token names. The issuer may have a new key. */
    static final class UnknownKeyException extends RuntimeException {
        UnknownKeyException() {
            super("unknown key", null, false, false);
        }
    }
}
