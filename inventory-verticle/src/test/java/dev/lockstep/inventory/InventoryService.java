package dev.lockstep.inventory;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.launcher.RunningService;
import dev.lockstep.testing.ServiceSettings;
import dev.lockstep.testing.TestDatabase;
import dev.lockstep.testing.TestResource;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The complete service, as its main method starts it, with its own database. */
final class InventoryService extends TestResource {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TestDatabase database = new TestDatabase("inventory");
    private final RunningService running;
    private final HttpClient client = HttpClient.newHttpClient();

    InventoryService() {
        this(Map.of());
    }

    InventoryService(Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(settings);
        all.put("TOPIC_PARTITIONS", "2");
        running = InventoryApp.start(ServiceSettings.of(database.uri(), all));
    }

    String address() {
        return "http://127.0.0.1:" + running.httpPort();
    }

    /** The operations that the service serves, such as {@code GET /products/{productId}}. */
    Set<String> operations() {
        return running.operations();
    }

    /** An HTTP response with a JSON body. */
    record Answer(int status, @Nullable String contentType, JsonNode body) {}

    void awaitReady() {
        await("ready")
                .atMost(Duration.ofMinutes(1))
                .until(() -> get("/health/ready").status() == 200);
    }

    Answer get(String path, String... headers) {
        HttpRequest.Builder request = request(path).GET();
        return send(
                headers.length == 0 ? request.build() : request.headers(headers).build());
    }

    Answer put(String path, String body) {
        return send(request(path)
                .header("Content-Type", "application/json")
                .PUT(BodyPublishers.ofString(body))
                .build());
    }

    Answer post(String path, String body) {
        return send(request(path)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(address() + path));
    }

    private Answer send(HttpRequest request) {
        try {
            HttpResponse<byte[]> response = client.send(request, BodyHandlers.ofByteArray());
            return new Answer(
                    response.statusCode(),
                    response.headers().firstValue("Content-Type").orElse(null),
                    json(new String(response.body(), StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw new AssertionError(request + " got no response", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(request + " was interrupted", e);
        }
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError("not JSON: " + text, e);
        }
    }

    @Override
    public void close() {
        client.close();
        running.close();
    }
}
