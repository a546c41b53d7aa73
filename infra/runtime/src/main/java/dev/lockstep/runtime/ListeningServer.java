package dev.lockstep.runtime;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.shareddata.LocalMap;
import io.vertx.core.shareddata.Shareable;
import java.util.Optional;

/** Passes the HTTP server that a verticle has opened to the launcher, which drains it. */
public record ListeningServer(HttpServer server) implements Shareable {
    private static final String MAP = "dev.lockstep.runtime";
    private static final String KEY = "http-server";

    static void register(Vertx vertx, HttpServer server) {
        map(vertx).put(KEY, new ListeningServer(server));
    }

    public static Optional<HttpServer> of(Vertx vertx) {
        return Optional.ofNullable(map(vertx).get(KEY)).map(ListeningServer::server);
    }

    private static LocalMap<String, ListeningServer> map(Vertx vertx) {
        return vertx.sharedData().getLocalMap(MAP);
    }
}
