package dev.lockstep.order;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.launcher.RunningService;
import dev.lockstep.testing.ServiceSettings;
import dev.lockstep.testing.TestDatabase;
import dev.lockstep.testing.TestResource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** The order service with its own database, and access to its HTTP routes and tables. */
final class OrderService extends TestResource {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    private final RunningService service;
    private final String jdbcUrl;

    /** An HTTP response with its parsed body, null if there is none. */
    record Answer(int status, JsonNode body, HttpResponse<String> response) {
        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }
    }

    private OrderService(RunningService service, String jdbcUrl) {
        this.service = service;
        this.jdbcUrl = jdbcUrl;
    }

    static OrderService start(Map<String, String> settings) {
        return start(new TestDatabase("orders"), settings);
    }

    static OrderService start(TestDatabase database, Map<String, String> settings) {
        return start(database.uri(), database.jdbcUrl(), settings);
    }

    static OrderService start(String postgresUri, String jdbcUrl, Map<String, String> settings) {
        return new OrderService(OrderApp.start(ServiceSettings.of(postgresUri, settings)), jdbcUrl);
    }

    String jdbcUrl() {
        return jdbcUrl;
    }

    Answer post(String path, String body, String... headers) {
        return send(postRequest(path, body, "application/json", headers));
    }

    Answer postAs(String contentType, String path, String body) {
        return send(postRequest(path, body, contentType));
    }

    CompletableFuture<Answer> postLater(String path, String body, String... headers) {
        return client.sendAsync(postRequest(path, body, "application/json", headers), BodyHandlers.ofString())
                .thenApply(OrderService::answer);
    }

    CompletableFuture<Answer> getLater(String path) {
        return client.sendAsync(HttpRequest.newBuilder(uri(path)).build(), BodyHandlers.ofString())
                .thenApply(OrderService::answer);
    }

    Answer get(String path, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path));
        return send(
                headers.length == 0 ? request.build() : request.headers(headers).build());
    }

    String address() {
        return "http://127.0.0.1:" + service.httpPort();
    }

    /** The operations that the service serves, such as {@code GET /orders/{id}}. */
    Set<String> operations() {
        return service.operations();
    }

    /** The response body as text, for responses that may not be JSON. */
    String text(String path) {
        return client.sendAsync(HttpRequest.newBuilder(uri(path)).build(), BodyHandlers.ofString())
                .join()
                .body();
    }

    /** The value of the only time series with this name. */
    double metric(String name) {
        return text("/metrics")
                .lines()
                .filter(line -> line.startsWith(name + "{"))
                .map(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("there is no " + name));
    }

    /** Places an order for one p1 and returns its id. */
    String place(String userId) {
        Answer answer = post("/orders", order(userId));
        if (answer.status() != 202) {
            throw new IllegalStateException("expected 202 but was " + answer);
        }
        return answer.body().get("orderId").asText();
    }

    static String order(String userId) {
        return "{\"userId\":\"" + userId + "\",\"items\":[{\"productId\":\"p1\",\"qty\":1}]}";
    }

    /** The first column of all rows, as text. */
    List<String> query(String sql) {
        try (Connection connection = DriverManager.getConnection(jdbcUrl);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> column = new ArrayList<>();
            while (rows.next()) {
                column.add(rows.getString(1));
            }
            return column;
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    void execute(String sql) {
        try (Connection connection = DriverManager.getConnection(jdbcUrl);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    /** The types of the outbox messages of the order, oldest first. */
    List<String> outbox(String orderId) {
        return query("SELECT type FROM outbox WHERE aggregateid = '" + orderId + "' ORDER BY id");
    }

    @Override
    public void close() {
        client.close();
        service.close();
    }

    private HttpRequest postRequest(String path, String body, String contentType, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path))
                .header("Content-Type", contentType)
                .timeout(Duration.ofSeconds(60))
                .POST(BodyPublishers.ofString(body));
        return headers.length == 0 ? request.build() : request.headers(headers).build();
    }

    private Answer send(HttpRequest request) {
        try {
            return answer(client.send(request, BodyHandlers.ofString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static Answer answer(HttpResponse<String> response) {
        try {
            return new Answer(response.statusCode(), JSON.readTree(response.body()), response);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("not JSON: " + response.body(), e);
        }
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + service.httpPort() + path);
    }
}
