package dev.lockstep.saga;

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
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** The complete service, as its main method starts it, with its own database. */
final class SagaService extends TestResource {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TestDatabase database = new TestDatabase("sagas");
    private final RunningService running;
    private final HttpClient client = HttpClient.newHttpClient();

    SagaService(Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(settings);
        all.put("TOPIC_PARTITIONS", "2");
        running = SagaApp.start(ServiceSettings.of(database.uri(), all));
    }

    /** An HTTP response of any content type. */
    record Answer(int status, String body) {
        JsonNode json() {
            try {
                return JSON.readTree(body);
            } catch (JsonProcessingException e) {
                throw new AssertionError("not JSON: " + body, e);
            }
        }
    }

    String address() {
        return "http://127.0.0.1:" + running.httpPort();
    }

    /** The operations that the service serves, such as {@code GET /sagas/{orderId}}. */
    Set<String> operations() {
        return running.operations();
    }

    void awaitReady() {
        await("ready")
                .atMost(Duration.ofMinutes(1))
                .until(() -> get("/health/ready").status() == 200);
    }

    Answer get(String path, String... headers) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(address() + path));
        HttpRequest request =
                headers.length == 0 ? builder.build() : builder.headers(headers).build();
        try {
            HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
            return new Answer(response.statusCode(), response.body());
        } catch (IOException e) {
            throw new AssertionError(request + " got no response", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(request + " was interrupted", e);
        }
    }

    void execute(String sql) {
        database.execute(sql);
    }

    @Override
    public void close() {
        client.close();
        running.close();
    }
}
