package dev.lockstep.runtime;

import dev.lockstep.runtime.auth.Credentials;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.client.HttpRequest;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.ext.web.client.WebClient;
import io.vertx.ext.web.client.WebClientOptions;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Queries this service and its peers over HTTP, to answer user requests that need data from several services. Message handling never does
 * so: an unavailable service must not block another one.
 */
public final class Peers {
    private final Vertx vertx;
    private final String self;
    private final String selfHost;
    private final SortedMap<String, URI> others;
    private final Duration timeout;
    private final WebClient client;

    private Peers(Vertx vertx, ServiceConfig service, PeersConfig config, WebClient client) {
        this.vertx = vertx;
        this.self = service.name();
        AdminConfig admin = service.http().admin();
        this.selfHost = connectHost(admin == null ? service.http().host() : admin.host());
        this.others = config.uris();
        this.timeout = config.timeout();
        this.client = client;
    }

    /** Opens the HTTP client. The caller closes it. */
    public static Peers open(Vertx vertx, ServiceConfig service, PeersConfig config) {
        WebClientOptions options =
                new WebClientOptions().setUserAgent(service.service()).setFollowRedirects(false);
        options.setConnectTimeout(Math.toIntExact(config.timeout().toMillis()));
        return new Peers(vertx, service, config, WebClient.create(vertx, options));
    }

    /**
     * A service that did not provide its data.
     *
     * @param reason why, in one sentence
     */
    public record Unavailable(String service, String reason) {}

    /**
     * The newest elements of a list.
     *
     * @param truncated whether there are older elements
     */
    public record PeerList(List<JsonObject> data, boolean truncated) {}

    /** The services that can be queried: this one first, then the others by name. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        names.add(self);
        others.keySet().stream().filter(name -> !name.equals(self)).forEach(names::add);
        return names;
    }

    /** The name of this service. */
    public String self() {
        return self;
    }

    /**
     * Reads one page of a list. The future fails with {@link PeerUnavailableException} if the peer does not answer, does not answer in
     * time, or answers with something other than a list.
     *
     * @param query query parameters; a name may occur several times
     * @param credentials those of the caller on whose behalf the peer is asked
     */
    public Future<PeerList> list(String peer, String path, MultiMap query, Credentials credentials) {
        return ask(peer, path, query, credentials)
                .map(found -> elements(path, found.orElseThrow(() -> noSuchPath(path))));
    }

    /** Reads one object. The result is empty if the peer answers 404. The future fails as that of {@link #list} does. */
    public Future<Optional<JsonObject>> find(String peer, String path, MultiMap query, Credentials credentials) {
        return ask(peer, path, query, credentials);
    }

    public void close() {
        client.close();
    }

    private Future<Optional<JsonObject>> ask(String peer, String path, MultiMap query, Credentials credentials) {
        URI base = base(peer);
        if (base == null) {
            return Future.failedFuture(new PeerUnavailableException(path, "this service is not listening yet"));
        }
        HttpRequest<Buffer> request =
                client.requestAbs(HttpMethod.GET, base + path).timeout(timeout.toMillis());
        request.queryParams().addAll(query);
        String authorization = credentials.authorization();
        if (authorization != null) {
            request.putHeader(HttpHeaders.AUTHORIZATION.toString(), authorization);
        }
        return request.send()
                .map(response -> read(path, response))
                .recover(failure -> Future.failedFuture(
                        failure instanceof PeerUnavailableException unavailable
                                ? unavailable
                                : new PeerUnavailableException(path, describe(failure))));
    }

    private @Nullable URI base(String peer) {
        if (!peer.equals(self)) {
            return others.get(peer);
        }
        // Peers are asked for what operators see.
        return ListeningServer.ofOperators(vertx)
                .map(HttpServer::actualPort)
                .map(port -> URI.create("http://" + selfHost + ":" + port))
                .orElse(null);
    }

    private static Optional<JsonObject> read(String path, HttpResponse<Buffer> response) {
        if (response.statusCode() == 404) {
            return Optional.empty();
        }
        if (response.statusCode() != 200) {
            throw new PeerUnavailableException(path, "response status " + response.statusCode());
        }
        try {
            return Optional.ofNullable(response.bodyAsJsonObject());
        } catch (DecodeException | ClassCastException notJson) {
            throw new PeerUnavailableException(path, "the response is not a JSON object");
        }
    }

    private static PeerList elements(String path, JsonObject page) {
        if (!(page.getValue("data") instanceof JsonArray data)) {
            throw new PeerUnavailableException(path, "the response is not a list");
        }
        List<JsonObject> elements = new ArrayList<>(data.size());
        data.forEach(element -> {
            if (element instanceof JsonObject object) {
                elements.add(object);
            }
        });
        return new PeerList(elements, page.getValue("nextCursor") != null);
    }

    private static PeerUnavailableException noSuchPath(String path) {
        return new PeerUnavailableException(path, "response status 404");
    }

    private String describe(Throwable failure) {
        return failure instanceof TimeoutException
                ? "no response within " + timeout
                : "the request failed: " + failure.getMessage();
    }

    // A wildcard listen address is not an address to connect to.
    private static String connectHost(String host) {
        return switch (host) {
            case "0.0.0.0", "::", "[::]" -> "127.0.0.1";
            default -> host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
        };
    }
}
