package dev.lockstep.runtime;

import dev.lockstep.runtime.ServiceRoutes.ServedRoute;
import dev.lockstep.runtime.auth.Access;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;

/**
 * The OpenAPI 3.1 document of a service. It is assembled from parts on the class path, {@code openapi/<part>.json}: each has the paths and
 * schemas of one module. The access to each operation is not in the parts. It is taken from the routes, so that the document cannot
 * contradict them.
 */
final class OpenApiDocument {
    private static final String VERSION = "3.1.0";
    private static final String TOKEN = "token";

    private final JsonObject paths = new JsonObject();
    private final JsonObject components = new JsonObject();
    private final JsonArray tags = new JsonArray();
    private final JsonObject info =
            new JsonObject().put("title", "Lockstep service").put("version", "1");

    private OpenApiDocument() {}

    /**
     * Assembles the document.
     *
     * @param parts a part that does not exist is skipped, because a service need not have a document
     * @throws IllegalStateException if two parts have the same path or component
     */
    static JsonObject assemble(Collection<String> parts, Collection<ServedRoute> routes) {
        OpenApiDocument document = new OpenApiDocument();
        parts.forEach(document::add);
        routes.forEach(document::secure);
        return new JsonObject()
                .put("openapi", VERSION)
                .put("info", document.info)
                .put("tags", document.tags)
                .put("paths", document.paths)
                .put("components", document.components);
    }

    /** The path of a route as OpenAPI writes it: {@code /orders/:id} is {@code /orders/{id}}. */
    static String path(ServedRoute route) {
        return route.path().replaceAll(":(\\w+)", "{$1}");
    }

    private void add(String part) {
        JsonObject content = read(part);
        info.mergeIn(content.getJsonObject("info", new JsonObject()));
        tags.addAll(content.getJsonArray("tags", new JsonArray()));
        merge(paths, content.getJsonObject("paths", new JsonObject()));
        for (Map.Entry<String, Object> kind : content.getJsonObject("components", new JsonObject())) {
            if (!components.containsKey(kind.getKey())) {
                components.put(kind.getKey(), new JsonObject());
            }
            merge(components.getJsonObject(kind.getKey()), (JsonObject) kind.getValue());
        }
    }

    private static void merge(JsonObject all, JsonObject more) {
        for (Map.Entry<String, Object> each : more) {
            if (all.containsKey(each.getKey())) {
                throw new IllegalStateException("two parts of the OpenAPI document have " + each.getKey());
            }
            all.put(each.getKey(), each.getValue());
        }
    }

    private void secure(ServedRoute route) {
        JsonObject methods = paths.getJsonObject(path(route), new JsonObject());
        JsonObject operation = methods.getJsonObject(route.method().name().toLowerCase(Locale.ROOT));
        if (operation == null) {
            return;
        }
        operation.put("security", security(route.access()));
        if (route.access().signIn()) {
            JsonObject responses = operation.getJsonObject("responses");
            putIfAbsent(responses, "401", "Unauthorized");
            putIfAbsent(responses, "403", "Forbidden");
            putIfAbsent(responses, "503", "Unavailable");
        }
    }

    // One alternative for each scope. An empty list of alternatives is an operation without sign-in.
    private static JsonArray security(Access access) {
        JsonArray alternatives = new JsonArray();
        if (access.signIn() && access.anyOf().isEmpty()) {
            alternatives.add(new JsonObject().put(TOKEN, new JsonArray()));
        }
        access.anyOf().stream()
                .sorted()
                .forEach(scope -> alternatives.add(new JsonObject().put(TOKEN, new JsonArray().add(scope.value()))));
        return alternatives;
    }

    private static void putIfAbsent(JsonObject responses, String status, String response) {
        if (!responses.containsKey(status)) {
            responses.put(status, new JsonObject().put("$ref", "#/components/responses/" + response));
        }
    }

    private static JsonObject read(String part) {
        String name = "/openapi/" + part + ".json";
        try (InputStream content = OpenApiDocument.class.getResourceAsStream(name)) {
            return content == null ? new JsonObject() : new JsonObject(Buffer.buffer(content.readAllBytes()));
        } catch (IOException e) {
            throw new UncheckedIOException(name, e);
        }
    }
}
