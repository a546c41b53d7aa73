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
     * @return complete on return; fails with {@link UnknownKeyException} if the issuer may have a new key that the token is signed with,
     *     otherwise with {@link RefusedTokenException}
     */
    Future<Caller> verify(String token, SigningKeys keys) {
        boolean namesKey;
        try {
            namesKey = checkHeader(token);
        } catch (RefusedTokenException refused) {
            return Future.failedFuture(refused);
        }
        // Without an id on both sides, a token that is signed with a new key looks like one with a wrong signature.
        boolean keyIsKnown = namesKey && keys.allHaveIds();
        return keys.verify(token)
                .recover(failure -> Future.failedFuture(toRefusal(failure, keyIsKnown)))
                .map(claims -> rules.check(claims, clock.instant()));
    }

    /** Returns whether the header names the key. */
    private static boolean checkHeader(String token) {
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
        return keyId != null;
    }

    private static JsonObject header(String token) {
        try {
            byte[] json = Base64.getUrlDecoder().decode(token.substring(0, token.indexOf('.')));
            return new JsonObject(new String(json, UTF_8));
        } catch (IllegalArgumentException | DecodeException notJson) {
            throw malformed();
        }
    }

    private static RuntimeException toRefusal(Throwable failure, boolean keyIsKnown) {
        return switch (failure) {
            case RefusedTokenException refused -> refused;
            case NoSuchKeyIdException unknown ->
                new UnknownKeyException(new RefusedTokenException(
                        Reason.UNKNOWN_KEY, "The token is signed with a key that the issuer does not publish"));
            case DecodeException notJson -> malformed();
            default -> {
                RefusedTokenException refused =
                        new RefusedTokenException(Reason.SIGNATURE, "The signature of the token is not valid");
                yield keyIsKnown ? refused : new UnknownKeyException(refused);
            }
        };
    }

    private static RefusedTokenException malformed() {
        return new RefusedTokenException(Reason.MALFORMED, "The token is not a signed JSON Web Token (RFC 7519)");
    }

    /** None of the keys is the one that signed the token, or none can be told to be. The issuer may have a new key. */
    static final class UnknownKeyException extends RuntimeException {
        private final RefusedTokenException refusal;

        /** @param refusal of the token if the issuer has no new key */
        UnknownKeyException(RefusedTokenException refusal) {
            super(refusal.detail(), null, false, false);
            this.refusal = refusal;
        }

        RefusedTokenException refusal() {
            return refusal;
        }
    }
}
