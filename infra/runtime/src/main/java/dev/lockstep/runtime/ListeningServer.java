package dev.lockstep.runtime;

import dev.lockstep.runtime.ServiceRoutes.ServedRoute;
import dev.lockstep.runtime.tls.CertificateReload;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.shareddata.LocalMap;
import io.vertx.core.shareddata.Shareable;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Passes the HTTP servers that a verticle has opened to the launcher, which drains them.
 *
 * @param routes all routes of the service; empty for the server of the operators' routes
 * @param certificate of both servers, or null if they use plain HTTP
 */
public record ListeningServer(
        HttpServer server,
        List<ServedRoute> routes,
        @Nullable CertificateReload certificate) implements Shareable {
    private static final String MAP = "dev.lockstep.runtime";
    private static final String MAIN = "http-server";
    private static final String ADMIN = "admin-http-server";

    public ListeningServer {
        routes = List.copyOf(routes);
    }

    static void register(
            Vertx vertx, HttpServer server, List<ServedRoute> routes, @Nullable CertificateReload certificate) {
        map(vertx).put(MAIN, new ListeningServer(server, routes, certificate));
    }

    static void registerAdmin(Vertx vertx, HttpServer server) {
        map(vertx).put(ADMIN, new ListeningServer(server, List.of(), null));
    }

    /** The server of the main address. */
    public static Optional<HttpServer> of(Vertx vertx) {
        return of(vertx, MAIN);
    }

    /** The server of the operators' routes: one of its own if they have an address of their own, otherwise {@link #of}. */
    public static Optional<HttpServer> ofOperators(Vertx vertx) {
        return of(vertx, ADMIN).or(() -> of(vertx));
    }

    /** The routes of the service, on whichever server they are. Empty until it listens. */
    public static List<ServedRoute> routes(Vertx vertx) {
        ListeningServer main = map(vertx).get(MAIN);
        return main == null ? List.of() : main.routes();
    }

    /** The certificate of the servers now. Empty if they use plain HTTP or do not listen yet. */
    static Optional<X509Certificate> certificate(Vertx vertx) {
        ListeningServer main = map(vertx).get(MAIN);
        CertificateReload served = main == null ? null : main.certificate();
        return served == null
                ? Optional.empty()
                : Optional.of(served.current().chain().getFirst());
    }

    /** All servers. */
    public static List<HttpServer> all(Vertx vertx) {
        return Stream.of(MAIN, ADMIN).flatMap(key -> of(vertx, key).stream()).toList();
    }

    private static Optional<HttpServer> of(Vertx vertx, String key) {
        return Optional.ofNullable(map(vertx).get(key)).map(ListeningServer::server);
    }

    private static LocalMap<String, ListeningServer> map(Vertx vertx) {
        return vertx.sharedData().getLocalMap(MAP);
    }
}
