package dev.lockstep.runtime;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.shareddata.LocalMap;
import io.vertx.core.shareddata.Shareable;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Passes the HTTP servers that a verticle has opened to the launcher, which drains them. */
public record ListeningServer(HttpServer server) implements Shareable {
    private static final String MAP = "dev.lockstep.runtime";
    private static final String MAIN = "http-server";
    private static final String ADMIN = "admin-http-server";

    static void register(Vertx vertx, HttpServer server) {
        map(vertx).put(MAIN, new ListeningServer(server));
    }

    static void registerAdmin(Vertx vertx, HttpServer server) {
        map(vertx).put(ADMIN, new ListeningServer(server));
    }

    /** The server of the main address. */
    public static Optional<HttpServer> of(Vertx vertx) {
        return of(vertx, MAIN);
    }

    /** The server of the operators' routes: one of its own if they have an address of their own, otherwise {@link #of}. */
    public static Optional<HttpServer> ofOperators(Vertx vertx) {
        return of(vertx, ADMIN).or(() -> of(vertx));
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
