package dev.lockstep.runtime;

import static dev.lockstep.runtime.ProtectedServer.detail;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jwt.SignedJWT;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;
import no.nav.security.mock.oauth2.MockOAuth2Server;
import no.nav.security.mock.oauth2.OAuth2Config;
import no.nav.security.mock.oauth2.token.DefaultOAuth2TokenCallback;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** Sign-in with an issuer that shares no code with this project, and that issues tokens over HTTP. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@TestInstance(Lifecycle.PER_CLASS)
class OidcProviderIT {
    private static final String ISSUER = "shop";

    private final MockOAuth2Server provider =
            new MockOAuth2Server(OAuth2Config.Companion.fromJson("{\"httpServer\":\"NettyWrapper\"}"));

    @SuppressWarnings("NullAway.Init") // started before all tests
    private ProtectedServer server;

    @BeforeAll
    void start() {
        provider.start();
        server = new ProtectedServer(
                Map.of("AUTH_ISSUER", provider.issuerUrl(ISSUER).toString(), "AUTH_AUDIENCE", "lockstep"));
        await().until(() -> !server.get("/health/ready").body().contains("warning"));
    }

    @AfterAll
    void close() {
        server.close();
        provider.shutdown();
    }

    @Test
    void a_token_of_the_provider_is_accepted_for_its_scopes() {
        String token = token(ISSUER, "lockstep");

        assertThat(server.getWith(token, "/signed-in").body()).isEqualTo("u123");
        assertThat(server.getWith(token, "/orders").statusCode()).isEqualTo(200);
        assertThat(server.getWith(token, "/actions").statusCode()).isEqualTo(403);
    }

    @Test
    void a_token_for_another_audience_is_refused() {
        assertThat(detail(server.getWith(token(ISSUER, "another"), "/orders")))
                .isEqualTo("The token is not for the audience (aud) lockstep");
    }

    // The provider signs the tokens of each of its issuers with a key of its own.
    @Test
    void a_token_of_another_issuer_of_the_same_provider_is_refused() {
        HttpResponse<String> response = server.getWith(token("another", "lockstep"), "/orders");

        assertThat(response.statusCode()).isEqualTo(401);
    }

    @Test
    void a_client_signs_in_over_http() throws IOException, InterruptedException {
        provider.enqueueCallback(new DefaultOAuth2TokenCallback(
                ISSUER, "batch", "JWT", List.of("lockstep"), Map.of("scope", "orders:read"), 60));
        String form = "grant_type=client_credentials&client_id=batch&client_secret=secret&scope=orders:read";
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create(provider.tokenEndpointUrl(ISSUER).toString()))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(form))
                .build();
        String token;
        try (HttpClient client = HttpClient.newHttpClient()) {
            token = new JsonObject(client.send(request, BodyHandlers.ofString()).body()).getString("access_token");
        }

        assertThat(server.getWith(token, "/signed-in").body()).isEqualTo("batch");
        assertThat(server.getWith(token, "/orders").statusCode()).isEqualTo(200);
    }

    private String token(String issuer, String audience) {
        SignedJWT token = provider.issueToken(issuer, "u123", audience, Map.of("scope", "openid orders:read"));
        return token.serialize();
    }
}
