package dev.lockstep.runtime;

import dev.lockstep.runtime.auth.ClientTokens;
import dev.lockstep.runtime.auth.Credentials;
import dev.lockstep.runtime.auth.Issuer;
import dev.lockstep.runtime.auth.Scope;
import dev.lockstep.runtime.tls.PinnedCertificate;
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
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.TrustOptions;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Queries this service and its peers over HTTP, to answer user requests that need data from several services. Message handling never does
 * so: an unavailable service must not block another one.
 */
public final class Peers {
    private static final Logger LOGGER = LoggerFactory.getLogger(Peers.class);

    private final Vertx vertx;
    private final String self;
    private final String selfBase;
    private final SortedMap<String, URI> others;
    private final Duration timeout;
    private final WebClient client;
    private final WebClient ownClient;
    private final @Nullable ClientTokens tokens;

    private Peers(Vertx vertx, ServiceConfig service, PeersConfig config, @Nullable ClientTokens tokens) {
        HttpConfig http = service.http();
        AdminConfig admin = http.admin();
        this.vertx = vertx;
        this.self = service.name();
        this.selfBase = http.scheme() + "://" + connectHost(admin == null ? http.host() : admin.host()) + ":";
        this.others = config.uris();
        this.timeout = config.timeout();
        this.client = WebClient.create(vertx, options(service, config));
        this.ownClient = WebClient.create(vertx, ownOptions(vertx, service, config));
        this.tokens = tokens;
    }

    /**
     * Opens the HTTP clients. If the service has an identity at the issuer, its own access token is requested in the background, and
     * readiness reports a failure to do so as a warning. The caller closes the result.
     */
    public static Peers open(Vertx vertx, ServiceContext context, PeersConfig config) {
        ServiceConfig service = context.config();
        Issuer issuer = service.http().auth().issuer();
        if (issuer != null) {
            warnAboutTokensInClear(service, config);
        }
        if (issuer == null || config.client() == null) {
            return new Peers(vertx, service, config, null);
        }
        ClientTokens tokens = ClientTokens.open(vertx, issuer, config.client(), Scope.OPERATOR_READ);
        context.health().register("peers", Optional::empty);
        context.health().warn("peers", tokens::problem);
        return new Peers(vertx, service, config, tokens);
    }

    private static void warnAboutTokensInClear(ServiceConfig service, PeersConfig config) {
        config.uris().forEach((name, uri) -> {
            if (!name.equals(service.name()) && "http".equals(uri.getScheme()) && !Issuer.isLoopback(uri.getHost())) {
                LOGGER.atWarn()
                        .addKeyValue("service", service.service())
                        .addKeyValue("peer", name)
                        .addKeyValue("address", uri)
                        .log("access tokens are sent to this peer unencrypted; use an https:// address in PEERS");
            }
        });
    }

    private static WebClientOptions options(ServiceConfig service, PeersConfig config) {
        WebClientOptions options =
                new WebClientOptions().setUserAgent(service.service()).setFollowRedirects(false);
        options.setConnectTimeout(Math.toIntExact(config.timeout().toMillis()));
        options.setVerifyHost(true);
        if (config.caFile() != null) {
            options.setTrustOptions(new PemTrustOptions().addCertPath(config.caFile()));
        }
        return options;
    }

    private static WebClientOptions ownOptions(Vertx vertx, ServiceConfig service, PeersConfig config) {
        WebClientOptions options = options(service, config);
        // The certificate is for the name of the service, not for this address. Only this very certificate is accepted.
        options.setVerifyHost(false);
        options.setTrustOptions(TrustOptions.wrap(new PinnedCertificate(() -> ListeningServer.certificate(vertx))));
        return options;
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

    /**
     * Reads one object on the account of this service, for work that no caller has requested. The result is empty if the peer answers 404.
     * The future fails as that of {@link #list} does, and if the issuer gives the service no token.
     */
    public Future<Optional<JsonObject>> findForService(String peer, String path, MultiMap query) {
        ClientTokens own = tokens;
        if (own == null) {
            return ask(peer, path, query, Credentials.NONE)
                    .recover(failure -> explainUnauthorized(
                            path,
                            failure,
                            "the peer requires an access token; PEERS_CLIENT_ID and PEERS_CLIENT_SECRET give this"
                                    + " service one of its own"));
        }
        return own.credentials()
                .recover(failure -> Future.failedFuture(new PeerUnavailableException(
                        path, "the issuer gives this service no access token: " + failure.getMessage())))
                .compose(credentials -> ask(peer, path, query, credentials))
                .recover(failure -> {
                    own.refusedIf(isUnauthorized(failure));
                    return explainUnauthorized(path, failure, "the peer refused the access token of this service");
                });
    }

    private static Future<Optional<JsonObject>> explainUnauthorized(String path, Throwable failure, String reason) {
        return Future.failedFuture(
                isUnauthorized(failure)
                        ? new PeerUnavailableException(path, "response status 401, " + reason)
                        : failure);
    }

    private static boolean isUnauthorized(Throwable failure) {
        return failure instanceof PeerUnavailableException unavailable && unavailable.isUnauthorized();
    }

    /** Closes the clients. Requests in progress fail. */
    public void close() {
        client.close();
        ownClient.close();
        if (tokens != null) {
            var _ = tokens.close();
        }
    }

    private Future<Optional<JsonObject>> ask(String peer, String path, MultiMap query, Credentials credentials) {
        URI base = base(peer);
        if (base == null) {
            return Future.failedFuture(new PeerUnavailableException(path, "this service is not listening yet"));
        }
        HttpRequest<Buffer> request = (peer.equals(self) ? ownClient : client)
                .requestAbs(HttpMethod.GET, base + path)
                .timeout(timeout.toMillis());
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
                .map(port -> URI.create(selfBase + port))
                .orElse(null);
    }

    private static Optional<JsonObject> read(String path, HttpResponse<Buffer> response) {
        if (response.statusCode() == 404) {
            return Optional.empty();
        }
        if (response.statusCode() != 200) {
            throw PeerUnavailableException.ofStatus(path, response.statusCode());
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
