package dev.lockstep.runtime.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lockstep.runtime.auth.RefusedTokenException.Reason;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.auth.JWTOptions;
import io.vertx.ext.auth.User;
import io.vertx.ext.auth.authentication.TokenCredentials;
import io.vertx.ext.auth.jwt.JWTAuth;
import io.vertx.ext.auth.jwt.JWTAuthOptions;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The public keys of an issuer. There is at least one. */
final class SigningKeys {
    /** The signature algorithms of accepted tokens: all of them use key pairs, because a service must not hold a key that signs tokens. */
    static final Set<String> ALGORITHMS =
            Set.of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA");

    private static final int MAX_KEYS = 100;
    private static final int MIN_RSA_BITS = 2048;
    private static final Set<String> RSA_ALGORITHMS = Set.of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512");
    private static final String UNSIGNED = unsigned();

    private final JWTAuth verifier;
    private final int count;
    private final boolean allHaveIds;

    private SigningKeys(JWTAuth verifier, List<JsonObject> keys) {
        this.verifier = verifier;
        this.count = keys.size();
        this.allHaveIds = keys.stream().allMatch(key -> key.containsKey("kid"));
    }

    /**
     * Reads a JSON Web Key Set (RFC 7517). Keys that cannot verify the accepted algorithms are skipped.
     *
     * @throws IllegalArgumentException if no key is left
     */
    static SigningKeys of(Vertx vertx, JsonObject jwks) {
        List<JsonObject> usable = usable(jwks);
        // The claims are checked by TokenRules, which says what is wrong.
        JWTAuth verifier = JWTAuth.create(
                vertx, new JWTAuthOptions().setJwks(usable).setJWTOptions(new JWTOptions().setIgnoreExpiration(true)));
        // Without a key that it understands, JWTAuth accepts unsigned tokens.
        if (usable.isEmpty() || acceptsUnsigned(verifier)) {
            throw new IllegalArgumentException("the key set contains no key that can verify a token");
        }
        return new SigningKeys(verifier, usable);
    }

    int count() {
        return count;
    }

    /** Whether each key has an id, so that a token can say which one it is signed with. */
    boolean allHaveIds() {
        return allHaveIds;
    }

    /** Verifies the signature. The future is complete on return; it fails with the error of {@link JWTAuth}. */
    Future<JsonObject> verify(String token) {
        return authenticate(verifier, token).map(user -> user.attributes().getJsonObject("accessToken"));
    }

    private static Future<User> authenticate(JWTAuth verifier, String token) {
        try {
            return verifier.authenticate(new TokenCredentials(token));
        } catch (RuntimeException unexpectedClaim) {
            // The signature is valid, but JWTAuth cannot read a time.
            return Future.failedFuture(new RefusedTokenException(
                    Reason.CLAIMS, "The claims exp, iat and nbf of the token are not all numbers"));
        }
    }

    private static boolean acceptsUnsigned(JWTAuth verifier) {
        return authenticate(verifier, UNSIGNED).succeeded();
    }

    private static String unsigned() {
        Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
        return encoder.encodeToString("{\"alg\":\"none\"}".getBytes(UTF_8)) + "."
                + encoder.encodeToString("{}".getBytes(UTF_8));
    }

    private static List<JsonObject> usable(JsonObject jwks) {
        if (!(jwks.getValue("keys") instanceof JsonArray keys)) {
            return List.of();
        }
        List<JsonObject> usable = new ArrayList<>();
        for (Object key : keys) {
            if (key instanceof JsonObject json && usable.size() < MAX_KEYS) {
                publicKey(json).ifPresent(usable::add);
            }
        }
        return usable;
    }

    // Only the members that describe a public key are taken over. With x5c, JWTAuth would take the key of the
    // certificate instead, and private members would let the service sign tokens.
    private static Optional<JsonObject> publicKey(JsonObject key) {
        String use = text(key, "use");
        if (use != null && !use.equals("sig")) {
            return Optional.empty();
        }
        String algorithm = algorithm(key);
        if (algorithm == null) {
            return Optional.empty();
        }
        JsonObject copy = new JsonObject().put("kty", text(key, "kty")).put("alg", algorithm);
        for (String member : List.of("kid", "crv", "n", "e", "x", "y")) {
            String value = text(key, member);
            if (value != null) {
                copy.put(member, value);
            }
        }
        return Optional.of(copy);
    }

    // A key without "alg" has the usual algorithm of its type.
    private static @Nullable String algorithm(JsonObject key) {
        String declared = text(key, "alg");
        return switch (text(key, "kty")) {
            case "RSA" -> {
                String algorithm = declared == null ? "RS256" : declared;
                yield RSA_ALGORITHMS.contains(algorithm) && rsaBits(key) >= MIN_RSA_BITS && text(key, "e") != null
                        ? algorithm
                        : null;
            }
            case "EC" ->
                text(key, "x") == null || text(key, "y") == null ? null : only(declared, ofCurve(text(key, "crv")));
            case "OKP" -> {
                String curve = text(key, "crv");
                boolean signs = "Ed25519".equals(curve) || "Ed448".equals(curve);
                // RFC 9864 names the algorithm after the curve.
                yield signs && text(key, "x") != null
                        ? only(declared != null && declared.equals(curve) ? null : declared, "EdDSA")
                        : null;
            }
            case null, default -> null;
        };
    }

    private static @Nullable String only(@Nullable String declared, @Nullable String possible) {
        return declared == null || declared.equals(possible) ? possible : null;
    }

    private static @Nullable String ofCurve(@Nullable String curve) {
        return switch (curve) {
            case "P-256" -> "ES256";
            case "P-384" -> "ES384";
            case "P-521" -> "ES512";
            case null, default -> null;
        };
    }

    private static int rsaBits(JsonObject key) {
        String modulus = text(key, "n");
        try {
            return modulus == null
                    ? 0
                    : new BigInteger(1, Base64.getUrlDecoder().decode(modulus)).bitLength();
        } catch (IllegalArgumentException notBase64) {
            return 0;
        }
    }

    private static @Nullable String text(JsonObject json, String member) {
        return json.getValue(member) instanceof String text ? text : null;
    }
}
