package dev.lockstep.runtime;

import static dev.lockstep.runtime.ProtectedServer.detail;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.testing.TestIssuer;
import dev.lockstep.testing.TestKey;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sign-in with an issuer that changes its keys or is unavailable. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class IssuerOutageIT {
    @RegisterExtension
    final TestIssuer issuer = new TestIssuer();

    @SuppressWarnings("NullAway.Init") // each test starts it
    private ProtectedServer server;

    @BeforeEach
    void start() {
        server = new ProtectedServer(issuer.settings());
        await().until(() -> !server.get("/health/ready").body().contains("warning"));
    }

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void a_body_is_kept_while_unknown_keys_are_read() {
        TestKey next = TestKey.ec("key-2");
        issuer.rotateTo(next);
        String body = "\"" + "x".repeat(100_000) + "\"";

        HttpResponse<String> response =
                server.post("/orders", body, "Authorization", "Bearer " + issuer.token("u123", "orders:write"));

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(body);
    }

    @Test
    void tokens_of_a_new_key_are_accepted_at_once_and_those_of_the_old_key_no_longer() {
        String old = issuer.token("u123", "orders:read");
        issuer.rotateTo(TestKey.rsa("key-2"));

        assertThat(server.getWith(issuer.token("u123", "orders:read"), "/orders")
                        .statusCode())
                .isEqualTo(200);
        assertThat(server.getWith(old, "/orders").statusCode()).isEqualTo(401);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_new_key_without_an_id_is_found_beside_known_ones_without_ids(boolean tokenNamesKey) {
        restartWith(TestKey.ec("first").withoutId());
        String before = issuer.token("u123", "orders:read");
        assertThat(server.getWith(before, "/orders").statusCode()).isEqualTo(200);

        TestKey next = TestKey.ec("next");
        issuer.rotateTo(next.withoutId());
        JsonObject header = tokenNamesKey ? next.header() : next.withoutId().header();

        assertThat(server.getWith(next.sign(header, issuer.claims("u123", "orders:read")), "/orders")
                        .statusCode())
                .isEqualTo(200);
        HttpResponse<String> old = server.getWith(before, "/orders");
        assertThat(old.statusCode()).isEqualTo(401);
        assertThat(detail(old)).isEqualTo("The signature of the token is not valid");
    }

    private void restartWith(TestKey key) {
        server.close();
        issuer.rotateTo(key);
        start();
    }

    @Test
    void unknown_keys_cause_at_most_one_request_to_the_issuer() {
        int before = issuer.keyRequests();
        TestKey foreign = TestKey.ec("foreign");

        for (int i = 0; i < 20; i++) {
            HttpResponse<String> response = server.getWith(foreign.sign(issuer.claims("u123")), "/orders");

            assertThat(response.statusCode()).isEqualTo(401);
            assertThat(detail(response)).isEqualTo("The token is signed with a key that the issuer does not publish");
        }

        assertThat(issuer.keyRequests()).isEqualTo(before + 1);
    }

    @Test
    void known_keys_remain_valid_while_the_issuer_is_unavailable() {
        String token = issuer.token("u123", "orders:read");
        issuer.setAvailable(false);

        HttpResponse<String> unknownKey = server.getWith(TestKey.ec("key-2").sign(issuer.claims("u123")), "/orders");

        assertThat(server.getWith(token, "/orders").statusCode()).isEqualTo(200);
        assertThat(unknownKey.statusCode()).isEqualTo(503);
        assertThat(unknownKey.headers().firstValue("Retry-After")).isPresent();
        HttpResponse<String> readiness = server.get("/health/ready");
        assertThat(readiness.statusCode()).isEqualTo(200);
        assertThat(readiness.body()).contains("\"name\":\"sign-in\",\"status\":\"UP\",\"warning\":\"the keys of ");
    }

    @Test
    void an_issuer_that_is_unavailable_at_the_start_is_waited_for() {
        issuer.setAvailable(false);
        try (ProtectedServer late = new ProtectedServer(issuer.settings())) {
            String token = issuer.token("u123", "orders:read");

            HttpResponse<String> response = late.getWith(token, "/orders");

            assertThat(response.statusCode()).isEqualTo(503);
            assertThat(response.headers().firstValue("Content-Type")).contains("application/problem+json");
            assertThat(response.headers().firstValue("Retry-After")).isPresent();
            assertThat(late.get("/open").statusCode()).isEqualTo(200);
            assertThat(late.get("/orders").statusCode()).isEqualTo(401);
            await().until(() ->
                    late.get("/health/ready").body().contains("requests that need sign-in are answered 503"));
            assertThat(late.get("/health/ready").statusCode()).isEqualTo(200);

            issuer.setAvailable(true);

            await().until(() -> late.getWith(token, "/orders").statusCode() == 200);
            assertThat(late.get("/health/ready").body()).doesNotContain("warning");
        }
    }

    @Test
    void metadata_of_another_issuer_is_not_used() {
        Map<String, String> settings = Map.of("AUTH_ISSUER", issuer.name() + "/", "AUTH_AUDIENCE", TestIssuer.AUDIENCE);
        try (ProtectedServer misled = new ProtectedServer(settings)) {
            await().until(() -> misled.get("/health/ready").body().contains("is the metadata of another issuer than"));

            assertThat(misled.getWith(issuer.token("u123", "orders:read"), "/orders")
                            .statusCode())
                    .isEqualTo(503);
        }
    }
}
