package dev.lockstep.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An issuer of access tokens on a free port of this machine. It publishes metadata and keys as OpenID Connect requires, and signs any claims,
 * so that tests can also present tokens that no issuer would sign.
 */
public final class TestIssuer extends TestResource {
    public static final String AUDIENCE = "lockstep";

    /** The client to which the issuer gives tokens with the scope {@code operator:read}. */
    public static final String CLIENT_ID = "test-client";

    public static final String CLIENT_SECRET = "change-me";

    private static final Duration LIFETIME = Duration.ofMinutes(10);

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<TestKey> published = new CopyOnWriteArrayList<>();
    private final AtomicInteger keyRequests = new AtomicInteger();
    private volatile TestKey current;
    private volatile boolean available = true;

    public TestIssuer() {
        current = TestKey.ec("key-1");
        published.add(current);
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext(
                "/.well-known/openid-configuration",
                exchange -> answer(
                        exchange,
                        200,
                        new JsonObject()
                                .put("issuer", name())
                                .put("jwks_uri", name() + "/jwks")
                                .put("token_endpoint", name() + "/token")));
        server.createContext("/token", this::answerClient);
        server.createContext("/jwks", exchange -> {
            keyRequests.incrementAndGet();
            answer(exchange, 200, jwks());
        });
        server.start();
    }

    /** The issuer, as in the claim {@code iss}. */
    public String name() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** The settings of a service that accepts the tokens of this issuer. */
    public Map<String, String> settings() {
        return Map.of("AUTH_ISSUER", name(), "AUTH_AUDIENCE", AUDIENCE);
    }

    /** A valid token with these scopes. */
    public String token(String subject, String... scopes) {
        return current.sign(claims(subject, scopes));
    }

    /** The claims of a valid token. */
    public JsonObject claims(String subject, String... scopes) {
        long now = System.currentTimeMillis() / 1000;
        return new JsonObject()
                .put("iss", name())
                .put("aud", AUDIENCE)
                .put("sub", subject)
                .put("iat", now)
                .put("exp", now + LIFETIME.toSeconds())
                .put("scope", String.join(" ", scopes));
    }

    /** The key that signs tokens. */
    public TestKey key() {
        return current;
    }

    /** Signs with this key from now on, and publishes no other. */
    public void rotateTo(TestKey key) {
        current = key;
        published.clear();
        published.add(key);
    }

    /** Whether requests are answered. Otherwise their connections are closed. */
    public void setAvailable(boolean available) {
        this.available = available;
    }

    /** How often the keys were requested. */
    public int keyRequests() {
        return keyRequests.get();
    }

    // Client credentials (RFC 6749, section 4.4), with the client in the header Authorization.
    private void answerClient(HttpExchange exchange) throws IOException {
        String client = Base64.getEncoder().encodeToString((CLIENT_ID + ":" + CLIENT_SECRET).getBytes(UTF_8));
        if (("Basic " + client).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
            JsonObject token = new JsonObject()
                    .put("access_token", token(CLIENT_ID, "operator:read"))
                    .put("token_type", "Bearer")
                    .put("expires_in", LIFETIME.toSeconds());
            answer(exchange, 200, token);
        } else {
            answer(exchange, 401, new JsonObject().put("error", "invalid_client"));
        }
    }

    private JsonObject jwks() {
        JsonArray keys = new JsonArray();
        published.forEach(key -> keys.add(key.jwk()));
        return new JsonObject().put("keys", keys);
    }

    private void answer(HttpExchange exchange, int status, JsonObject body) throws IOException {
        try (exchange) {
            if (!available) {
                return;
            }
            byte[] bytes = body.encode().getBytes(UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
