package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.http.ProblemHandler;
import dev.lockstep.messaging.operator.Operator;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.function.Consumer;

/** Routes on a server of their own, and a client that sends requests as the operator kim. */
final class TestApi implements AutoCloseable {
    private final HttpClient http = HttpClient.newHttpClient();
    private final HttpServer server;

    TestApi(Fixture fixture, Consumer<Router> routes) {
        Router router = Router.router(fixture.vertx);
        ProblemHandler.mount(router, 64 * 1024);
        router.route().handler(BodyHandler.create(false));
        router.route().handler(ctx -> {
            Operator.identify(ctx, "kim");
            ctx.next();
        });
        routes.accept(router);
        server = await(fixture.vertx.createHttpServer().requestHandler(router).listen(0, "127.0.0.1"));
    }

    HttpResponse<String> get(String path) {
        return send("GET", path, "");
    }

    HttpResponse<String> post(String path, String body) {
        return send("POST", path, body);
    }

    HttpResponse<String> delete(String path) {
        return send("DELETE", path, "");
    }

    JsonObject json(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isLessThan(300);
        return new JsonObject(response.body());
    }

    List<JsonObject> rows(HttpResponse<String> response) {
        return json(response).getJsonArray("data").stream()
                .map(JsonObject.class::cast)
                .toList();
    }

    /** The member that the problem of the response names. */
    String field(HttpResponse<String> response, int status) {
        return fields(response, status).getFirst();
    }

    List<String> fields(HttpResponse<String> response, int status) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(response.headers().firstValue("content-type")).contains("application/problem+json");
        return new JsonObject(response.body())
                .getJsonArray("errors").stream()
                        .map(error -> ((JsonObject) error).getString("field"))
                        .toList();
    }

    private HttpResponse<String> send(String method, String path, String body) {
        try {
            return http.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.actualPort() + path))
                            .method(method, HttpRequest.BodyPublishers.ofString(body))
                            .header("Content-Type", "application/json")
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        http.close();
        await(server.close());
    }
}
