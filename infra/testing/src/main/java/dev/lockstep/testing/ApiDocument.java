package dev.lockstep.testing;

import static dev.lockstep.testing.Futures.await;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.openapi.contract.OpenAPIContract;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The OpenAPI document that a service serves, and a client that compares it with what the service does. It knows the service by its address
 * only.
 */
public final class ApiDocument {
    private static final List<String> SCOPES = List.of(
            "orders:read",
            "orders:write",
            "orders:admin",
            "stock:write",
            "accounts:write",
            "operator:read",
            "operator:write",
            "operator:payloads");
    // No resource has these ids, and an empty object is no valid body, so a request that is let in changes nothing.
    private static final Map<String, String> PARAMETERS = Map.of(
            "{id}", "00000000-0000-7000-8000-000000000000",
            "{orderId}", "00000000-0000-7000-8000-000000000000",
            "{userId}", "unknown",
            "{productId}", "unknown");

    private final String address;
    private final TestIssuer issuer;
    private final HttpClient client = HttpClient.newHttpClient();
    private final JsonObject document;

    /** An operation, and the sets of scopes of which a caller needs one. Empty if it is open. */
    private record Operation(String method, String path, List<Set<String>> alternatives) {
        boolean permits(String scope) {
            return alternatives.stream().anyMatch(scopes -> Set.of(scope).containsAll(scopes));
        }
    }

    /** @param address such as {@code http://127.0.0.1:8080} */
    public ApiDocument(String address, TestIssuer issuer) {
        this.address = address;
        this.issuer = issuer;
        this.document = new JsonObject(send(HttpRequest.newBuilder(URI.create(address + "/openapi.json"))
                        .build())
                .body());
    }

    public JsonObject json() {
        return document;
    }

    /** Fails with the first rule of the OpenAPI 3.1 specification that the document breaks. */
    public void validate() {
        // The validator refuses media types that it cannot parse. Which one a response has is of no importance here.
        JsonObject known =
                new JsonObject(document.encode().replace("\"application/problem+json\"", "\"application/json\""));
        // The JVM of the tests disables this, and the validator reads the schemas of the specification from its jar.
        Vertx vertx = Vertx.vertx(
                new VertxOptions().setFileSystemOptions(new FileSystemOptions().setClassPathResolvingEnabled(true)));
        try {
            await(OpenAPIContract.from(vertx, known));
        } finally {
            await(vertx.close());
        }
    }

    /** The operations, such as {@code GET /orders/{id}}. */
    public Set<String> operations() {
        return all().stream()
                .map(operation -> operation.method() + " " + operation.path())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The operations that need no token. */
    public Set<String> open() {
        return all().stream()
                .filter(operation -> operation.alternatives().isEmpty())
                .map(operation -> operation.method() + " " + operation.path())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * Calls every operation without a token and with a token for each scope.
     *
     * @return a sentence for each call whose answer contradicts the document
     */
    public List<String> contradictions() {
        List<String> found = new ArrayList<>();
        for (Operation operation : all()) {
            boolean open = operation.alternatives().isEmpty();
            check(found, operation, "", open ? 0 : 401);
            for (String scope : SCOPES) {
                check(found, operation, scope, open || operation.permits(scope) ? 0 : 403);
            }
        }
        return found;
    }

    private void check(List<String> found, Operation operation, String scope, int refusal) {
        int status = status(operation, scope);
        boolean refused = status == 401 || status == 403;
        if (refusal == 0 ? refused : status != refusal) {
            found.add("%s %s with \"%s\" was answered %d, but the document says %s"
                    .formatted(
                            operation.method(),
                            operation.path(),
                            scope,
                            status,
                            refusal == 0 ? "that it is permitted" : refusal));
        }
    }

    private int status(Operation operation, String scope) {
        String path = operation.path();
        for (Map.Entry<String, String> parameter : PARAMETERS.entrySet()) {
            path = path.replace(parameter.getKey(), parameter.getValue());
        }
        boolean hasBody =
                operation.method().equals("POST") || operation.method().equals("PUT");
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address + path))
                .method(operation.method(), hasBody ? BodyPublishers.ofString("{}") : BodyPublishers.noBody());
        if (hasBody) {
            request.header("Content-Type", "application/json");
        }
        if (!scope.isEmpty()) {
            request.header("Authorization", "Bearer " + issuer.token("caller", scope));
        }
        return send(request.build()).statusCode();
    }

    private List<Operation> all() {
        List<Operation> all = new ArrayList<>();
        for (Map.Entry<String, Object> path : document.getJsonObject("paths")) {
            for (Map.Entry<String, Object> method : (JsonObject) path.getValue()) {
                JsonArray security = ((JsonObject) method.getValue()).getJsonArray("security");
                if (security == null) {
                    throw new AssertionError(method.getKey() + " " + path.getKey() + " is described, but not served");
                }
                List<Set<String>> alternatives = security.stream()
                        .map(alternative -> scopes((JsonObject) alternative))
                        .toList();
                all.add(new Operation(method.getKey().toUpperCase(Locale.ROOT), path.getKey(), alternatives));
            }
        }
        return all;
    }

    private static Set<String> scopes(JsonObject alternative) {
        return alternative.getJsonArray("token").stream().map(String::valueOf).collect(Collectors.toSet());
    }

    private HttpResponse<String> send(HttpRequest request) {
        try {
            return client.send(request, BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
