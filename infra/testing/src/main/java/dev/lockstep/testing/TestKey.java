package dev.lockstep.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** A key pair that signs tokens. The algorithms are those of the JDK, so that tests do not share code with what they check. */
public final class TestKey {
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();
    private static final int P256_BYTES = 32;

    private final String algorithm;
    private final KeyPair pair;
    private final JsonObject jwk;

    private TestKey(String algorithm, KeyPair pair, JsonObject jwk) {
        this.algorithm = algorithm;
        this.pair = pair;
        this.jwk = jwk;
    }

    /** A key for RS256. */
    public static TestKey rsa(String id) {
        return rsa(id, 2048);
    }

    public static TestKey rsa(String id, int bits) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(bits);
            KeyPair pair = generator.generateKeyPair();
            RSAPublicKey key = (RSAPublicKey) pair.getPublic();
            JsonObject jwk = jwk(id, "RSA", "RS256")
                    .put("n", encode(key.getModulus()))
                    .put("e", encode(key.getPublicExponent()));
            return new TestKey("RS256", pair, jwk);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A key for ES256. */
    public static TestKey ec(String id) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair pair = generator.generateKeyPair();
            ECPublicKey key = (ECPublicKey) pair.getPublic();
            JsonObject jwk = jwk(id, "EC", "ES256")
                    .put("crv", "P-256")
                    .put("x", BASE64.encodeToString(fixed(key.getW().getAffineX())))
                    .put("y", BASE64.encodeToString(fixed(key.getW().getAffineY())));
            return new TestKey("ES256", pair, jwk);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The same key without an id: neither the published key nor its tokens have one. */
    public TestKey withoutId() {
        JsonObject anonymous = jwk.copy();
        anonymous.remove("kid");
        return new TestKey(algorithm, pair, anonymous);
    }

    /** The public key as a JSON Web Key. */
    public JsonObject jwk() {
        return jwk.copy();
    }

    /** The header of the tokens that this key signs. */
    public JsonObject header() {
        JsonObject header = new JsonObject().put("alg", algorithm).put("typ", "JWT");
        return jwk.containsKey("kid") ? header.put("kid", jwk.getString("kid")) : header;
    }

    /** A token with these claims. */
    public String sign(JsonObject claims) {
        return sign(header(), claims);
    }

    /** A token with this header, whatever it says, and a valid signature of this key. */
    public String sign(JsonObject header, JsonObject claims) {
        return sign(header.encode(), claims.encode());
    }

    public String sign(String header, String claims) {
        String input = input(header, claims);
        try {
            Signature signature =
                    Signature.getInstance(algorithm.equals("RS256") ? "SHA256withRSA" : "SHA256withECDSAinP1363Format");
            signature.initSign(pair.getPrivate());
            signature.update(input.getBytes(UTF_8));
            return input + "." + BASE64.encodeToString(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A token with a signature of HS256 whose secret is the public key, which anyone can read. */
    public String signWithPublicKeyAsSecret(JsonObject claims) {
        String input = input(header().put("alg", "HS256").encode(), claims.encode());
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(pair.getPublic().getEncoded(), "HmacSHA256"));
            return input + "." + BASE64.encodeToString(mac.doFinal(input.getBytes(UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Header and claims of a token, without a signature. */
    public static String input(String header, String claims) {
        return BASE64.encodeToString(header.getBytes(UTF_8)) + "." + BASE64.encodeToString(claims.getBytes(UTF_8));
    }

    private static JsonObject jwk(String id, String type, String algorithm) {
        return new JsonObject()
                .put("kty", type)
                .put("use", "sig")
                .put("kid", id)
                .put("alg", algorithm);
    }

    private static String encode(BigInteger number) {
        byte[] bytes = number.toByteArray();
        int sign = bytes.length > 1 && bytes[0] == 0 ? 1 : 0;
        return BASE64.encodeToString(Arrays.copyOfRange(bytes, sign, bytes.length));
    }

    private static byte[] fixed(BigInteger coordinate) {
        byte[] bytes = coordinate.toByteArray();
        byte[] fixed = new byte[P256_BYTES];
        int length = Math.min(bytes.length, P256_BYTES);
        System.arraycopy(bytes, bytes.length - length, fixed, P256_BYTES - length, length);
        return fixed;
    }
}
