package dev.lockstep.payment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.embedded.TestServers;
import dev.lockstep.launcher.RunningService;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;

/** The complete payment service with its own database, and an HTTP client for it. */
final class PaymentService implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient client = HttpClient.newHttpClient();
    private final String database = TestServers.newDatabase("payments");
    private final RunningService service;

    PaymentService() {
        service = PaymentApp.start(Map.of(
                "POSTGRES_URI",
                TestServers.postgres().uri(database),
                "POSTGRES_USER",
                LocalPostgres.USER,
                "POSTGRES_PASSWORD",
                LocalPostgres.PASSWORD,
                "KAFKA_BOOTSTRAP_SERVERS",
                TestServers.kafka().bootstrapServers(),
                "HTTP_PORT",
                "0",
                "TOPIC_REPLICATION_FACTOR",
                "1"));
    }

    String jdbcUrl() {
        return TestServers.postgres().jdbcUrl(database);
    }

    /** An HTTP response with a JSON body. */
    record Answer(int status, String contentType, JsonNode body) {}

    Answer get(String path) {
        return send(HttpRequest.newBuilder(uri(path)).GET());
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
        return URI.create("http://127.0.0.1:" + service.httpPort() + path);
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
