package dev.lockstep.runtime;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.runtime.auth.Credentials;
import dev.lockstep.testing.HttpOnly;
import dev.lockstep.testing.TestAuthority;
import dev.lockstep.testing.TestAuthority.Issued;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A service that asks itself and a peer over HTTPS. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@ExtendWith(VertxExtension.class)
class PeersTlsIT {
    @TempDir
    Path folder;

    @Test
    void a_peer_is_asked_if_its_authority_is_configured(Vertx vertx) {
        TestAuthority authority = TestAuthority.create(folder, "authority");
        try (TestHttpServer peer = start(authority.server("peer", "ip:127.0.0.1"))) {
            assertThat(live(peers(vertx, peer.port(), authority), "peer")).isPresent();
        }
    }

    @Test
    void a_peer_is_not_asked_if_its_certificate_is_of_another_authority(Vertx vertx) {
        Issued certificate = TestAuthority.create(folder, "authority").server("peer", "ip:127.0.0.1");
        try (TestHttpServer peer = start(certificate)) {
            assertThatIsUnavailable(peers(vertx, peer.port(), TestAuthority.create(folder, "other")), "peer");
            assertThatIsUnavailable(peers(vertx, peer.port(), null), "peer");
        }
    }

    @Test
    void a_peer_is_not_asked_if_its_certificate_has_another_name(Vertx vertx) {
        TestAuthority authority = TestAuthority.create(folder, "authority");
        try (TestHttpServer peer = start(authority.server("peer", "dns:peer.example"))) {
            assertThatIsUnavailable(peers(vertx, peer.port(), authority), "peer");
        }
    }

    @Test
    void a_service_asks_itself_whatever_name_its_certificate_has() {
        Issued certificate = TestAuthority.create(folder, "authority").server("self", "dns:orders.example");
        try (TestHttpServer own = start(certificate)) {
            Peers peers = open(own.vertx(), tls(certificate));

            assertThat(live(peers, "edge")).isPresent();
        }
    }

    @Test
    void a_service_does_not_take_another_server_for_itself(Vertx vertx) {
        Issued certificate = TestAuthority.create(folder, "authority").server("self", "ip:127.0.0.1");
        try (TestHttpServer other = start(certificate)) {
            HttpServer server = ListeningServer.of(other.vertx()).orElseThrow();
            ListeningServer.register(vertx, server, List.of(), null);

            assertThatIsUnavailable(open(vertx, tls(certificate)), "edge");
        }
    }

    private static void assertThatIsUnavailable(Peers peers, String peer) {
        assertThatThrownBy(() -> live(peers, peer))
                .isInstanceOf(PeerUnavailableException.class)
                .hasMessageContaining("the request failed");
    }

    private static Optional<JsonObject> live(Peers peers, String peer) {
        return await(peers.find(peer, "/health/live", MultiMap.caseInsensitiveMultiMap(), Credentials.NONE));
    }

    private static TestHttpServer start(Issued certificate) {
        return TestHttpServer.start(tls(certificate));
    }

    private static Map<String, String> tls(Issued certificate) {
        return Map.of(
                "HTTP_TLS_CERT", certificate.certificate().toString(),
                "HTTP_TLS_KEY", certificate.key().toString());
    }

    private static Peers peers(Vertx vertx, int port, @Nullable TestAuthority authority) {
        Map<String, String> settings = new HashMap<>(Map.of("PEERS", "peer=https://127.0.0.1:" + port));
        if (authority != null) {
            settings.put("PEERS_CA_FILE", authority.certificate().toString());
        }
        return open(vertx, settings);
    }

    private static Peers open(Vertx vertx, Map<String, String> settings) {
        Env env = new Env(HttpOnly.settings(settings));
        ServiceConfig config = ServiceConfig.read(env, "edge-service", 8080);
        return Peers.open(
                vertx,
                new ServiceContext(config, new SimpleMeterRegistry(), new HealthChecks()),
                PeersConfig.read(env));
    }
}
