package dev.lockstep.runtime.auth;

import static dev.lockstep.testing.Futures.await;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.runtime.auth.TokenVerifier.UnknownKeyException;
import dev.lockstep.testing.TestKey;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class TokenVerifierTest {
    private static final Vertx VERTX = Vertx.vertx();
    private static final Instant NOW = Instant.parse("2026-11-30T12:00:00Z");
    private static final TestKey RSA = TestKey.rsa("rsa");
    private static final TestKey EC = TestKey.ec("ec");
    private static final TestKey FOREIGN = TestKey.rsa("rsa");

    private final TokenVerifier verifier =
            new TokenVerifier(new TokenRules("https://id.example", "lockstep", Duration.ZERO), () -> NOW);
    private final SigningKeys keys = keys(RSA.jwk(), EC.jwk());

    @AfterAll
    static void close() {
        await(VERTX.close());
    }

    @Test
    void a_token_of_each_key_is_accepted() {
        Caller expected = new Caller("u123", Set.of(Scope.ORDERS_READ));

        assertThat(verify(RSA.sign(claims()))).isEqualTo(expected);
        assertThat(verify(EC.sign(claims()))).isEqualTo(expected);
    }

    @Test
    void a_token_without_a_key_id_is_verified_with_every_key_of_its_algorithm() {
        JsonObject header = RSA.header();
        header.remove("kid");

        assertThat(verify(RSA.sign(header, claims())).subject()).isEqualTo("u123");
    }

    @ParameterizedTest
    @ValueSource(strings = {"at+jwt", "AT+JWT", "application/at+jwt", "JWT"})
    void an_access_token_may_declare_its_type(String type) {
        assertThat(verify(RSA.sign(RSA.header().put("typ", type), claims())).subject())
                .isEqualTo("u123");
    }

    static Stream<Arguments> forged() {
        String unsigned = "{\"alg\":\"none\"}";
        String claims = claims().encode();
        String token = RSA.sign(claims());
        String signature = token.substring(token.lastIndexOf('.') + 1);
        JsonObject foreignKey = FOREIGN.jwk();
        return Stream.of(
                Arguments.of("unsigned", TestKey.input(unsigned, claims), "not a signed JSON Web Token"),
                Arguments.of("unsigned, empty signature", TestKey.input(unsigned, claims) + ".", "not a signed"),
                Arguments.of(
                        "none, with a signature",
                        TestKey.input(unsigned, claims) + "." + signature,
                        "not signed with one of the accepted algorithms"),
                Arguments.of("nOnE", TestKey.input("{\"alg\":\"nOnE\"}", claims) + "." + signature, "not signed with"),
                Arguments.of("no algorithm", RSA.sign("{}", claims), "not signed with"),
                Arguments.of("algorithm is no text", RSA.sign("{\"alg\":[\"RS256\"]}", claims), "not signed with"),
                Arguments.of(
                        "HS256 with the public key as secret",
                        RSA.signWithPublicKeyAsSecret(claims()),
                        "not signed with one of the accepted algorithms"),
                Arguments.of("ES256K", EC.sign(EC.header().put("alg", "ES256K"), claims()), "not signed with"),
                Arguments.of("another key with the same id", FOREIGN.sign(claims()), "signature of the token is not"),
                Arguments.of(
                        "an embedded key",
                        FOREIGN.sign(FOREIGN.header().put("jwk", foreignKey), claims()),
                        "signature of the token is not"),
                Arguments.of(
                        "an embedded certificate",
                        FOREIGN.sign(FOREIGN.header().put("x5c", new JsonArray().add("MIIB")), claims()),
                        "signature of the token is not"),
                Arguments.of(
                        "the address of another key set",
                        FOREIGN.sign(FOREIGN.header().put("jku", "https://evil.example/jwks"), claims()),
                        "signature of the token is not"),
                Arguments.of(
                        "other claims", withClaims(token, claims().put("sub", "u1")), "signature of the token is not"),
                Arguments.of(
                        "a truncated signature",
                        token.substring(0, token.length() - 8),
                        "signature of the token is not"),
                Arguments.of("RS512 with a key for RS256", RSA.sign(RSA.header().put("alg", "RS512"), claims()), ""),
                Arguments.of("ES256 with an RSA key", RSA.sign(RSA.header().put("alg", "ES256"), claims()), ""),
                Arguments.of(
                        "an unknown extension",
                        RSA.sign(RSA.header().put("crit", new JsonArray().add("b64")), claims()),
                        "requires an extension (crit)"),
                Arguments.of(
                        "a token of another kind",
                        RSA.sign(RSA.header().put("typ", "logout+jwt"), claims()),
                        "not an access token (typ)"),
                Arguments.of(
                        "a key id that is no text", RSA.sign(RSA.header().put("kid", 7), claims()), "not a signed"),
                Arguments.of("claims that are no JSON", RSA.sign(RSA.header().encode(), "sub=u123"), "not a signed"),
                Arguments.of("claims that are no object", RSA.sign(RSA.header().encode(), "[]"), ""),
                Arguments.of("a header that is no JSON", RSA.sign("alg=RS256", claims), "not a signed"),
                Arguments.of("a header that is no object", RSA.sign("[]", claims), "not a signed"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("forged")
    void a_forged_token_is_refused(String name, String token, String message) {
        assertThatThrownBy(() -> verify(token))
                .as(name)
                .isInstanceOfAny(RefusedTokenException.class, UnknownKeyException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "e30.e30.e30", "%.%.%", "e30.e30.e30.", "\u0000"
            })
    void garbage_is_refused(String token) {
        assertThatThrownBy(() -> verify(token)).isInstanceOf(RefusedTokenException.class);
    }

    @Test
    void a_token_that_is_too_long_is_refused() {
        String token = RSA.sign(claims().put("padding", "x".repeat(TokenVerifier.MAX_LENGTH)));

        assertThatThrownBy(() -> verify(token)).hasMessage("The token has more than 6144 characters");
    }

    @Test
    void an_unknown_key_is_told_apart_from_a_wrong_signature() {
        assertThatThrownBy(() -> verify(TestKey.rsa("new").sign(claims()))).isInstanceOf(UnknownKeyException.class);
    }

    @Test
    void wrong_claims_are_refused_although_the_signature_is_valid() {
        assertThatThrownBy(() -> verify(RSA.sign(claims().put("aud", "other"))))
                .isInstanceOf(RefusedTokenException.class)
                .hasMessage("The token is not for the audience (aud) lockstep");
    }

    @Test
    void the_refusal_quotes_nothing_of_the_token() {
        assertThatThrownBy(() -> verify(FOREIGN.sign(FOREIGN.header().put("kid", "sneaky"), claims())))
                .message()
                .doesNotContain("sneaky", "u123");
    }

    static List<JsonObject> unusable() {
        return List.of(
                new JsonObject(),
                RSA.jwk().put("use", "enc"),
                RSA.jwk().put("alg", "HS256"),
                RSA.jwk().put("alg", "RSA-OAEP"),
                RSA.jwk().put("kty", "EC"),
                RSA.jwk().put("n", "AQAB"),
                RSA.jwk().put("n", "%"),
                RSA.jwk().putNull("e"),
                TestKey.rsa("small", 1024).jwk(),
                EC.jwk().put("crv", "secp256k1"),
                EC.jwk().put("alg", "ES384"),
                EC.jwk().put("alg", "HS256"),
                EC.jwk().putNull("y"),
                new JsonObject().put("kty", "OKP").put("crv", "X25519").put("x", "AAAA"),
                new JsonObject().put("kty", "OKP").put("crv", "Ed25519").put("x", "not a key"),
                new JsonObject().put("kty", "oct").put("k", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U"));
    }

    @ParameterizedTest
    @MethodSource("unusable")
    void a_key_set_without_a_usable_key_is_refused(JsonObject key) {
        assertThatThrownBy(() -> keys(key)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"keys\":[]}", "{\"keys\":{}}", "{\"keys\":[1,null,\"x\"]}"})
    void a_key_set_without_keys_is_refused(String jwks) {
        assertThatThrownBy(() -> SigningKeys.of(VERTX, new JsonObject(jwks)))
                .hasMessage("the key set contains no key that can verify a token");
    }

    @Test
    void keys_that_are_not_usable_are_skipped() {
        SigningKeys mixed = keys(unusable().getLast(), RSA.jwk());

        assertThat(mixed.count()).isEqualTo(1);
        assertThat(await(verifier.verify(RSA.sign(claims()), mixed)).subject()).isEqualTo("u123");
    }

    @ParameterizedTest
    @CsvSource({"alg", "use"})
    void a_key_may_lack_an_optional_member(String member) {
        JsonObject rsa = RSA.jwk();
        rsa.remove(member);
        JsonObject ec = EC.jwk();
        ec.remove(member);
        SigningKeys keys = keys(rsa, ec);

        assertThat(await(verifier.verify(RSA.sign(claims()), keys)).subject()).isEqualTo("u123");
        assertThat(await(verifier.verify(EC.sign(claims()), keys)).subject()).isEqualTo("u123");
    }

    @Test
    void a_certificate_in_the_key_set_does_not_replace_the_key() {
        SigningKeys keys = keys(RSA.jwk().put("x5c", new JsonArray().add("not a certificate")));

        assertThat(await(verifier.verify(RSA.sign(claims()), keys)).subject()).isEqualTo("u123");
    }

    private Caller verify(String token) {
        return await(verifier.verify(token, keys));
    }

    private static SigningKeys keys(JsonObject... keys) {
        JsonArray array = new JsonArray();
        Stream.of(keys).forEach(array::add);
        return SigningKeys.of(VERTX, new JsonObject().put("keys", array));
    }

    private static JsonObject claims() {
        return new JsonObject()
                .put("iss", "https://id.example")
                .put("aud", "lockstep")
                .put("sub", "u123")
                .put("exp", NOW.getEpochSecond() + 60)
                .put("scope", "orders:read");
    }

    private static String withClaims(String token, JsonObject claims) {
        String[] parts = token.split("\\.");
        return parts[0] + "."
                + Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString(claims.encode().getBytes(UTF_8)) + "." + parts[2];
    }
}
