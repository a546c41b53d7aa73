package dev.lockstep.runtime;

import static dev.lockstep.runtime.ProtectedServer.challenge;
import static dev.lockstep.runtime.ProtectedServer.detail;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.runtime.auth.Scope;
import dev.lockstep.testing.TestIssuer;
import dev.lockstep.testing.TestKey;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sign-in over HTTP: tokens and scopes. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@TestInstance(Lifecycle.PER_CLASS)
class SignInIT {
    private static final String ALL_SCOPES =
            String.join(" ", Arrays.stream(Scope.values()).map(Scope::value).toList());

    @RegisterExtension
    static final TestIssuer issuer = new TestIssuer();

    private final ProtectedServer server = new ProtectedServer(issuer.settings());

    @BeforeAll
    void awaitKeys() {
        await().until(() -> !server.get("/health/ready").body().contains("warning"));
    }

    @AfterAll
    void close() {
        server.close();
    }

    static Stream<Arguments> routesAndScopes() {
        Map<String, List<Scope>> routes = Map.of(
                "/orders", List.of(Scope.ORDERS_READ),
                "/accounts", List.of(Scope.ORDERS_READ, Scope.OPERATOR_READ),
                "/actions", List.of(Scope.OPERATOR_READ),
                "/metrics", List.of(Scope.OPERATOR_READ),
                "/signed-in", List.of(Scope.values()));
        return routes.entrySet().stream()
                .flatMap(route -> Arrays.stream(Scope.values())
                        .map(scope -> Arguments.of(
                                route.getKey(), scope, route.getValue().contains(scope) ? 200 : 403)));
    }

    @ParameterizedTest
    @MethodSource("routesAndScopes")
    void a_route_permits_the_scopes_that_it_declares(String path, Scope scope, int status) {
        HttpResponse<String> response = server.getWith(issuer.token("u123", scope.value()), path);

        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(challenge(response))
                .startsWith(status == 403 ? "Bearer realm=\"lockstep\", error=\"insufficient_scope\", scope=\"" : "");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/orders", "/accounts", "/actions", "/metrics", "/signed-in"})
    void a_request_without_a_token_is_told_to_sign_in(String path) {
        HttpResponse<String> response = server.get(path);

        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(response.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(challenge(response)).isEqualTo("Bearer realm=\"lockstep\"");
        assertThat(detail(response))
                .isEqualTo("Sign-in is required: send an access token as \"Authorization: Bearer ...\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/open", "/health/live", "/health/ready"})
    void an_open_route_needs_no_token_and_ignores_a_wrong_one(String path) {
        assertThat(server.get(path).statusCode()).isEqualTo(200);
        assertThat(server.getWith("garbage", path).statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({"'', 401", "orders:read, 403"})
    void a_body_is_not_awaited_if_its_caller_may_not_send_it(String scope, int status) throws IOException {
        String authorization = scope.isEmpty() ? "" : "Authorization: Bearer " + issuer.token("u123", scope) + "\r\n";
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(20_000);

            TestHttpServer.write(
                    socket,
                    "POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + authorization
                            + "Content-Length: 200000\r\n\r\n{");

            assertThat(TestHttpServer.readResponse(socket)).startsWith("HTTP/1.1 " + status + " ");
        }
    }

    @Test
    void the_missing_scope_is_named() {
        double before = server.refused("scope");

        HttpResponse<String> response = server.getWith(issuer.token("u123", "orders:write"), "/accounts");

        assertThat(response.statusCode()).isEqualTo(403);
        assertThat(response.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(challenge(response))
                .isEqualTo("Bearer realm=\"lockstep\", error=\"insufficient_scope\","
                        + " scope=\"orders:read operator:read\"");
        assertThat(detail(response)).isEqualTo("The token lacks the scope orders:read or operator:read");
        assertThat(server.refused("scope")).isEqualTo(before + 1);
    }

    @Test
    void the_caller_is_the_subject_of_the_token() {
        String token = issuer.token("u123", "operator:read");

        assertThat(server.getWith(token, "/signed-in").body()).isEqualTo("u123");
        assertThat(server.getWith(token, "/actions").body()).isEqualTo("u123");
    }

    @Test
    void the_scheme_is_case_insensitive_and_head_needs_the_same_token() {
        String token = issuer.token("u123", "orders:read");

        assertThat(server.get("/orders", "Authorization", "bEARER  " + token).statusCode())
                .isEqualTo(200);
        assertThat(server.head("/orders", "Authorization", "Bearer " + token).statusCode())
                .isEqualTo(200);
        assertThat(server.head("/orders").statusCode()).isEqualTo(401);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Basic dTE6cHc=", "Bearer", "Bearer ", "Bearer garbage", "garbage"})
    void another_authorization_is_refused(String authorization) {
        HttpResponse<String> response = server.get("/orders", "Authorization", authorization);

        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(challenge(response)).contains("error=\"invalid_token\"");
    }

    @Test
    void several_authorizations_are_refused() {
        String token = "Bearer " + issuer.token("u123", "orders:read");

        assertThat(server.get("/orders", "Authorization", token, "Authorization", token)
                        .statusCode())
                .isEqualTo(401);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            exp | 1000000000                | expired       | The token expired at 2001-09-09T01:46:40Z
            nbf | 9999999999                | not-yet-valid | The token is not valid before 2286-11-20T17:46:39Z
            iss | "https://id.evil.example" | issuer        | The issuer (iss) of the token is not http://127.0.0.1:
            aud | "another"                 | audience      | The token is not for the audience (aud) lockstep
            exp | null                      | claims        | The claims exp, iat and nbf of the token are not all numbers
            sub | null                      | claims        | The token has no subject (sub) of 1 to 255 characters
            """)
    void a_token_that_is_not_for_us_is_refused_with_the_reason(
            String claim, String value, String reason, String message) {
        JsonObject claims = issuer.claims("u123", ALL_SCOPES)
                .put(claim, new JsonObject("{\"value\":" + value + "}").getValue("value"));
        double before = server.refused(reason);

        HttpResponse<String> response = server.getWith(issuer.key().sign(claims), "/orders");

        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(detail(response)).startsWith(message);
        assertThat(challenge(response))
                .isEqualTo("Bearer realm=\"lockstep\", error=\"invalid_token\", error_description=\"" + detail(response)
                        + "\"");
        assertThat(server.refused(reason)).isEqualTo(before + 1);
    }

    @Test
    void a_token_that_never_expires_is_refused() {
        JsonObject claims = issuer.claims("u123", ALL_SCOPES);
        claims.remove("exp");

        HttpResponse<String> response = server.getWith(issuer.key().sign(claims), "/orders");

        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(detail(response)).isEqualTo("The token has no expiration time (exp)");
    }

    @Test
    void a_token_of_another_issuer_with_the_same_key_id_is_refused() {
        String token = TestKey.ec("key-1").sign(issuer.claims("u123", ALL_SCOPES));

        HttpResponse<String> response = server.getWith(token, "/orders");

        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(detail(response)).isEqualTo("The signature of the token is not valid");
    }

    @Test
    void a_token_that_is_too_long_is_refused() {
        JsonObject claims = issuer.claims("u123", ALL_SCOPES).put("padding", "x".repeat(4_500));

        HttpResponse<String> response = server.getWith(issuer.key().sign(claims), "/orders");

        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(detail(response)).isEqualTo("The token has more than 6144 characters");
    }

    @Test
    void the_address_of_the_keys_may_be_set() {
        Map<String, String> settings = Map.of(
                "AUTH_ISSUER",
                "https://id.example",
                "AUTH_AUDIENCE",
                TestIssuer.AUDIENCE,
                "AUTH_JWKS_URI",
                issuer.name() + "/jwks");
        try (ProtectedServer configured = new ProtectedServer(settings)) {
            String token =
                    issuer.key().sign(issuer.claims("u123", "orders:read").put("iss", "https://id.example"));

            await().until(() -> configured.getWith(token, "/orders").statusCode() == 200);
            assertThat(configured
                            .getWith(issuer.token("u123", "orders:read"), "/orders")
                            .statusCode())
                    .isEqualTo(401);
        }
    }

    @Test
    void without_sign_in_everything_is_permitted_and_a_token_is_ignored() {
        try (ProtectedServer open = new ProtectedServer(Map.of())) {
            assertThat(Stream.of("/orders", "/accounts", "/actions", "/metrics", "/signed-in")
                            .map(path -> open.getWith("garbage", path).statusCode()))
                    .containsOnly(200);
        }
    }

    @Test
    void the_user_that_a_proxy_names_counts_only_if_the_proxy_is_trusted() {
        try (ProtectedServer trusting = new ProtectedServer(Map.of("HTTP_TRUSTED_PROXIES", "127.0.0.0/8"));
                ProtectedServer wary = new ProtectedServer(Map.of("HTTP_TRUSTED_PROXIES", "10.0.0.0/8"))) {
            assertThat(trusting.get("/actions", "X-Forwarded-User", "kim").body())
                    .isEqualTo("kim");
            assertThat(trusting.get("/actions").body()).isEqualTo("anonymous@127.0.0.1");
            assertThat(trusting.get("/actions", "X-Forwarded-User", "kim", "X-Forwarded-User", "eve")
                            .body())
                    .isEqualTo("anonymous@127.0.0.1");
            assertThat(wary.get("/actions", "X-Forwarded-User", "kim").body()).isEqualTo("anonymous@127.0.0.1");
        }
    }

    @Test
    void the_verified_subject_takes_precedence_over_a_proxy() {
        Map<String, String> settings = new HashMap<>(issuer.settings());
        settings.put("HTTP_TRUSTED_PROXIES", "127.0.0.1");
        try (ProtectedServer trusting = new ProtectedServer(settings)) {
            String token = issuer.token("u123", "operator:read");
            await().until(() -> trusting.getWith(token, "/actions").statusCode() == 200);

            assertThat(trusting.get("/actions", "Authorization", "Bearer " + token, "X-Forwarded-User", "kim")
                            .body())
                    .isEqualTo("u123");
        }
    }
}
