package dev.lockstep.runtime;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.embedded.FreePorts;
import dev.lockstep.runtime.Peers.PeerList;
import dev.lockstep.runtime.auth.Credentials;
import dev.lockstep.testing.HttpOnly;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
@ExtendWith(VertxExtension.class)
@TestInstance(Lifecycle.PER_CLASS)
class PeersIT {
    private Peers peers;

    @BeforeAll
    void open(Vertx vertx) {
        Router router = Router.router(vertx);
        router.get("/things")
                .handler(ctx -> ctx.json(new JsonObject("{\"data\":[{\"id\":\"%s\"}],\"nextCursor\":\"1\"}"
                        .formatted(String.join("+", ctx.queryParam("id"))))));
        router.get("/last-things").handler(ctx -> ctx.json(new JsonObject("{\"data\":[]}")));
        router.get("/not-json").handler(ctx -> ctx.end("<html>"));
        router.get("/no-list").handler(ctx -> ctx.json(new JsonObject()));
        router.get("/broken").handler(ctx -> ctx.fail(500));
        router.get("/silent").handler(ctx -> {});
        router.get("/callers")
                .handler(ctx ->
                        ctx.json(new JsonObject().put("caller", ctx.request().getHeader("Authorization"))));
        HttpServer server =
                await(vertx.createHttpServer().requestHandler(router).listen(0, "127.0.0.1"));
        ListeningServer.register(vertx, server, List.of(), null);
        int port = server.actualPort();
        Env env = new Env(settings(port));
        peers = Peers.open(
                vertx,
                new ServiceContext(
                        ServiceConfig.read(env, "order-service", 8080), new SimpleMeterRegistry(), new HealthChecks()),
                PeersConfig.read(env));
    }

    @AfterAll
    void close() {
        peers.close();
    }

    @Test
    void a_service_asks_itself_and_every_peer_once() {
        assertThat(peers.names()).containsExactly("order", "away", "inventory");
    }

    @ParameterizedTest
    @CsvSource({"inventory", "order"})
    void a_list_is_returned_with_whether_it_is_truncated(String peer) {
        PeerList elements = await(peers.list(
                peer,
                "/things",
                MultiMap.caseInsensitiveMultiMap().add("id", "a b").add("id", "ü&c"),
                Credentials.NONE));

        assertThat(elements).isEqualTo(new PeerList(List.of(new JsonObject().put("id", "a b+ü&c")), true));
        assertThat(await(peers.list(peer, "/last-things", MultiMap.caseInsensitiveMultiMap(), Credentials.NONE)))
                .isEqualTo(new PeerList(List.of(), false));
    }

    @Test
    void a_missing_resource_is_empty() {
        assertThat(await(peers.find("inventory", "/nowhere", MultiMap.caseInsensitiveMultiMap(), Credentials.NONE)))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        inventory | /nowhere     | response status 404
        inventory | /broken      | response status 500
        inventory | /not-json    | the response is not a JSON object
        inventory | /no-list     | the response is not a list
        inventory | /silent      | no response within PT2S
        away      | /things      | the request failed: Connection refused
        """)
    void an_unavailable_peer_is_reported_with_the_reason_within_the_timeout(String peer, String path, String reason) {
        long begun = System.nanoTime();

        assertThatThrownBy(() -> await(peers.list(peer, path, MultiMap.caseInsensitiveMultiMap(), Credentials.NONE)))
                .isInstanceOf(PeerUnavailableException.class)
                .hasMessageStartingWith("GET " + path + ": " + reason);
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
    }

    private static Map<String, String> settings(int port) {
        return HttpOnly.settings(Map.of(
                "PEERS_TIMEOUT",
                "PT2S",
                "PEERS",
                "inventory=http://127.0.0.1:" + port + ",away=http://127.0.0.1:" + FreePorts.any()
                        + ",order=http://ignored.example"));
    }
}
