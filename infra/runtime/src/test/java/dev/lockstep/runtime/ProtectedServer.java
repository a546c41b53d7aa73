package dev.lockstep.runtime;

import static dev.lockstep.testing.Futures.await;

import dev.lockstep.messaging.http.Responses;
import dev.lockstep.messaging.operator.Operator;
import dev.lockstep.runtime.auth.Access;
import dev.lockstep.runtime.auth.Caller;
import dev.lockstep.runtime.auth.Scope;
import dev.lockstep.testing.HttpOnly;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Routes that need sign-in, on an HTTP server like that of a service, and a client. */
final class ProtectedServer implements AutoCloseable {
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client = HttpClient.newHttpClient();
    private final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    ProtectedServer(Map<String, String> settings) {
        Env env = new Env(HttpOnly.settings(settings));
        ServiceConfig config = ServiceConfig.read(env, "protected-service", 8080);
        ServiceContext service =
                new ServiceContext(env.build("protected-service", () -> config), meters, new HealthChecks());
        await(vertx.deployVerticle(new VerticleBase() {
            @Override
            public Future<?> start() {
                ServiceRoutes routes = ServiceRoutes.open(vertx, service);
                mount(routes);
                return HttpApi.listen(vertx, routes, service, new ConnectionLimit());
            }
        }));
    }

    private static void mount(ServiceRoutes routes) {
        routes.get("/open", Access.open(), ctx -> ctx.end("open"))
                .get(
                        "/signed-in",
                        Access.signedIn(),
                        ctx -> ctx.end(String.valueOf(Caller.of(ctx).subject())))
                .get("/orders", Access.anyOf(Scope.ORDERS_READ), ctx -> ctx.end("orders"))
                .post(
                        "/orders",
                        Access.anyOf(Scope.ORDERS_WRITE),
                        ctx -> ctx.end(ctx.body().asString()))
                .get("/accounts", Access.anyOf(Scope.ORDERS_READ, Scope.OPERATOR_READ), ctx -> ctx.end("accounts"))
                .get(
                        "/caller",
                        Access.anyOf(Scope.OPERATOR_READ),
                        ctx -> Responses.json(
                                ctx,
                                200,
                                Map.of("caller", String.valueOf(Caller.of(ctx).subject()))))
                .get(
                        "/actions",
                        Access.anyOf(Scope.OPERATOR_READ),
                        ctx -> ctx.end(Operator.of(ctx).name()));
    }

    HttpResponse<String> get(String path, String... headers) {
        return send("GET", port(), path, "", headers);
    }

    HttpResponse<String> getFromAdmin(String path, String... headers) {
        return send("GET", adminPort(), path, "", headers);
    }

    HttpResponse<String> getWith(String token, String path) {
        return get(path, "Authorization", "Bearer " + token);
    }

    HttpResponse<String> post(String path, String body, String... headers) {
        return send("POST", port(), path, body, headers);
    }

    HttpResponse<String> head(String path, String... headers) {
        return send("HEAD", port(), path, "", headers);
    }

    /** The number of refused requests, by reason. */
    double refused(String reason) {
        return meters.get("lockstep.auth.refused")
                .tag("reason", reason)
                .counter()
                .count();
    }

    int port() {
        return ListeningServer.of(vertx).orElseThrow().actualPort();
    }

    private int adminPort() {
        return ListeningServer.ofOperators(vertx).orElseThrow().actualPort();
    }

    private HttpResponse<String> send(String method, int port, String path, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .header("Content-Type", "application/json");
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    static String detail(HttpResponse<String> response) {
        return new JsonObject(response.body()).getString("detail");
    }

    static String challenge(HttpResponse<String> response) {
        return response.headers().firstValue("WWW-Authenticate").orElse("");
    }

    @Override
    public void close() {
        client.shutdownNow();
        await(vertx.close().timeout(30, TimeUnit.SECONDS));
    }
}
