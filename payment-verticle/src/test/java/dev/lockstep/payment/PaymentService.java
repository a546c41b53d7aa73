package dev.lockstep.payment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.launcher.RunningService;
import dev.lockstep.testing.ServiceSettings;
import dev.lockstep.testing.TestDatabase;
import dev.lockstep.testing.TestResource;
import dev.lockstep.testing.TestServers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import java.util.Set;

/** The complete payment service with its own database, and an HTTP client for it. */
final class PaymentService extends TestResource {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient client = HttpClient.newHttpClient();
    private final TestDatabase database = new TestDatabase("payments");
    private final RunningService service;

    PaymentService() {
        this(Map.of());
    }

    PaymentService(Map<String, String> settings) {
        service = PaymentApp.start(ServiceSettings.of(database.uri(), settings));
    }

    String address() {
        return "http://127.0.0.1:" + service.httpPort();
    }

    /** The operations that the service serves, such as {@code GET /accounts/{userId}}. */
    Set<String> operations() {
        return service.operations();
    }

    void execute(String sql) {
        database.execute(sql);
    }

    String bootstrapServers() {
        return TestServers.kafka().bootstrapServers();
    }

    String jdbcUrl() {
        return database.jdbcUrl();
    }

    /** An HTTP response with a JSON body. */
    record Answer(int status, String contentType, JsonNode body) {}

    Answer get(String path, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path)).GET();
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    Answer post(String path, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path)).POST(BodyPublishers.ofString(body));
        request.header("Content-Type", "application/json");
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    private Answer send(HttpRequest.Builder request) {
        try {
            HttpResponse<String> response = client.send(request.build(), BodyHandlers.ofString());
            return new Answer(
                    response.statusCode(),
                    response.headers().firstValue("Content-Type").orElse(""),
                    JSON.readTree(response.body()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private URI uri(String path) {
        return URI.create(address() + path);
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        client.close();
        service.close();
    }
}
