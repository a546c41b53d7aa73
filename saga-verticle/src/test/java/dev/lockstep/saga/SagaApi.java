package dev.lockstep.saga;

import static dev.lockstep.testing.Futures.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.runtime.HealthChecks;
import dev.lockstep.runtime.HttpApi;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.runtime.ServiceRoutes;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.http.HttpServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/** The HTTP routes of the saga service on the database of a test. */
final class SagaApi implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient client = HttpClient.newHttpClient();
    private final HttpServer server;

    SagaApi(SagaDatabase database) {
        ServiceContext context =
                new ServiceContext(database.config.common(), new SimpleMeterRegistry(), new HealthChecks());
        ServiceRoutes routes = ServiceRoutes.open(database.vertx, context);
        SagaQueries reads = SagaQueries.of(
                database.vertx,
                database.pool,
                database.views,
                database.history,
                new SagaDiagnosis(database.peers, Clock.systemUTC()));
        new SagaRoutes(database.pool, reads, database.processor).mount(routes);
        server = await(HttpApi.listen(database.vertx, routes, context));
    }

    /** An HTTP response with a JSON body. */
    record Answer(int status, JsonNode json) {
        String error() {
            return json.path("detail").asText();
        }
    }

    Answer get(String path) {
        return send(request(path).build());
    }

    Answer post(String path, String body, String... headers) {
        HttpRequest.Builder request = request(path)
                .header("Content-Type", "application/json")
                .POST(body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        return send(
                headers.length == 0 ? request.build() : request.headers(headers).build());
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError("not JSON: " + text, e);
        }
    }

    static List<String> ids(JsonNode list) {
        List<String> ids = new ArrayList<>();
        list.path("data").forEach(saga -> ids.add(saga.path("orderId").asText()));
        return ids;
    }

    static List<String> names(JsonNode object) {
        List<String> names = new ArrayList<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }

    @Override
    public void close() {
        client.close();
        await(server.close());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.actualPort() + path));
    }

    private Answer send(HttpRequest request) {
        try {
            var response = client.send(request, BodyHandlers.ofString());
            return new Answer(response.statusCode(), json(response.body()));
        } catch (IOException e) {
            throw new AssertionError(request + " got no response", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(request + " was interrupted", e);
        }
    }
}
