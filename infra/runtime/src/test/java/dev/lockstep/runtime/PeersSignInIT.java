package dev.lockstep.runtime;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.nimbusds.oauth2.sdk.TokenRequest;
import dev.lockstep.embedded.FreePorts;
import dev.lockstep.runtime.HealthChecks.Check;
import dev.lockstep.testing.HttpOnly;
import dev.lockstep.testing.TestIssuer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import no.nav.security.mock.oauth2.MockOAuth2Server;
import no.nav.security.mock.oauth2.OAuth2Config;
import no.nav.security.mock.oauth2.token.DefaultOAuth2TokenCallback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A service that asks a peer with sign-in on its own account. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@ExtendWith(VertxExtension.class)
class PeersSignInIT {
    private static final String ISSUER = "shop";

    private final HealthChecks health = new HealthChecks();
    private final MockOAuth2Server provider =
            new MockOAuth2Server(OAuth2Config.Companion.fromJson("{\"httpServer\":\"NettyWrapper\"}"));

    @SuppressWarnings("NullAway.Init") // started before each test
    private ProtectedServer peer;

    @BeforeEach
    void start() {
        provider.start();
        peer = new ProtectedServer(signIn());
        await().until(() -> !peer.get("/health/ready").body().contains("warning"));
    }

    @AfterEach
    void close() {
        peer.close();
        provider.shutdown();
    }

    @Test
    void the_peer_sees_the_service_as_its_caller(Vertx vertx) {
        issue("orders", "lockstep", 3600);
        Peers peers = open(vertx, identity(signIn()));

        assertThat(ask(vertx, peers)).isEqualTo(new JsonObject().put("caller", "orders"));
        assertThat(check()).isEqualTo(new Check("peers", HealthChecks.Status.UP, null, null));
    }

    @Test
    void a_token_is_kept_until_it_is_about_to_expire(Vertx vertx) {
        issue("first", "lockstep", 6);
        issue("second", "lockstep", 3600);
        Peers peers = open(vertx, identity(signIn()));

        assertThat(ask(vertx, peers).getString("caller")).isEqualTo("first");
        assertThat(ask(vertx, peers).getString("caller")).isEqualTo("first");
        await().atMost(Duration.ofSeconds(30))
                .until(() -> ask(vertx, peers).getString("caller").equals("second"));
    }

    @Test
    void another_token_is_requested_after_the_peer_has_refused_one(Vertx vertx) {
        issue("first", "another", 3600);
        issue("second", "lockstep", 3600);
        Peers peers = open(vertx, identity(signIn()));

        assertThatThrownBy(() -> ask(vertx, peers))
                .isInstanceOf(PeerUnavailableException.class)
                .hasMessage("GET /caller: response status 401, the peer refused the access token of this service");
        assertThat(ask(vertx, peers).getString("caller")).isEqualTo("second");
    }

    @Test
    void without_an_identity_the_reason_names_the_settings(Vertx vertx) {
        Peers peers = open(vertx, signIn());

        assertThatThrownBy(() -> ask(vertx, peers))
                .isInstanceOf(PeerUnavailableException.class)
                .hasMessage("GET /caller: response status 401, the peer requires an access token; PEERS_CLIENT_ID and"
                        + " PEERS_CLIENT_SECRET give this service one of its own");
    }

    @Test
    void while_the_issuer_is_away_the_answer_and_readiness_say_so(Vertx vertx) {
        String away = "http://127.0.0.1:" + FreePorts.any();
        Peers peers = open(vertx, identity(Map.of("AUTH_ISSUER", away, "AUTH_AUDIENCE", "lockstep")));

        assertThatThrownBy(() -> ask(vertx, peers))
                .isInstanceOf(PeerUnavailableException.class)
                .hasMessageStartingWith("GET /caller: the issuer gives this service no access token: " + away);
        await().untilAsserted(() -> assertThat(String.valueOf(check().warning()))
                .startsWith("requesting an access token for this service from " + away + " failed: " + away));
    }

    @Test
    void a_wrong_secret_is_reported_with_the_address(Vertx vertx) {
        try (TestIssuer issuer = new TestIssuer()) {
            Map<String, String> settings = new HashMap<>(issuer.settings());
            settings.put("PEERS_CLIENT_ID", TestIssuer.CLIENT_ID);
            settings.put("PEERS_CLIENT_SECRET", "wrong");
            Peers peers = open(vertx, settings);

            assertThatThrownBy(() -> ask(vertx, peers))
                    .isInstanceOf(PeerUnavailableException.class)
                    .hasMessageStartingWith(
                            "GET /caller: the issuer gives this service no access token: " + issuer.name() + "/token: ")
                    .hasMessageNotContaining("wrong");
        }
    }

    private void issue(String subject, String audience, long seconds) {
        provider.enqueueCallback(
                new DefaultOAuth2TokenCallback(
                        ISSUER, subject, "JWT", List.of(audience), Map.of("scope", "operator:read"), seconds) {
                    // By default the subject is the id of the client.
                    @Override
                    public String subject(TokenRequest request) {
                        return subject;
                    }
                });
    }

    private Map<String, String> signIn() {
        return Map.of("AUTH_ISSUER", provider.issuerUrl(ISSUER).toString(), "AUTH_AUDIENCE", "lockstep");
    }

    private static Map<String, String> identity(Map<String, String> signIn) {
        Map<String, String> settings = new HashMap<>(signIn);
        settings.put("PEERS_CLIENT_ID", "orders");
        settings.put("PEERS_CLIENT_SECRET", "change-me");
        return settings;
    }

    private Peers open(Vertx vertx, Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(settings);
        all.put("PEERS", "peer=http://127.0.0.1:" + peer.port());
        Env env = new Env(HttpOnly.settings(all));
        ServiceContext context =
                new ServiceContext(ServiceConfig.read(env, "order-service", 8080), new SimpleMeterRegistry(), health);
        return on(vertx, () -> Future.succeededFuture(Peers.open(vertx, context, PeersConfig.read(env))));
    }

    private static JsonObject ask(Vertx vertx, Peers peers) {
        return on(vertx, () -> peers.findForService("peer", "/caller", MultiMap.caseInsensitiveMultiMap()))
                .orElseThrow();
    }

    // The context of a verticle, to which the tokens are confined.
    private static <T> T on(Vertx vertx, Supplier<Future<T>> work) {
        Promise<T> done = Promise.promise();
        vertx.getOrCreateContext().runOnContext(run -> work.get().onComplete(done));
        return await(done.future());
    }

    private Check check() {
        return health.readiness().checks().getFirst();
    }
}
