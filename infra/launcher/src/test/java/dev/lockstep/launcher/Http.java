package dev.lockstep.launcher;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.CompletableFuture;

/** An HTTP client of one service. */
record Http(HttpClient client, int port) {
    static Http to(RunningService service) {
        return new Http(HttpClient.newHttpClient(), service.httpPort());
    }

    HttpResponse<String> get(String path) {
        return send("GET", path, "", "");
    }

    HttpResponse<String> postJson(String path, String body) {
        return send("POST", path, "application/json", body.replace('\'', '"'));
    }

    HttpResponse<String> send(String method, String path, String contentType, String body) {
        try {
            return client.send(request(method, path, contentType, body), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    CompletableFuture<HttpResponse<String>> getLater(String path) {
        return client.sendAsync(request("GET", path, "", ""), BodyHandlers.ofString());
    }

    private HttpRequest request(String method, String path, String contentType, String body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        return (contentType.isEmpty() ? request : request.header("Content-Type", contentType)).build();
    }
}
