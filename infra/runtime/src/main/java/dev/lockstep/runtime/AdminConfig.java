package dev.lockstep.runtime;

import org.jspecify.annotations.Nullable;

/**
 * The separate address of the operators' routes and the metrics.
 *
 * @param port 0 for any free port
 */
public record AdminConfig(String host, int port) {
    private static final String PORT = "ADMIN_HTTP_PORT";

    /** Returns null if the routes are on the main port. */
    static @Nullable AdminConfig read(Env env, String mainHost, int mainPort) {
        String host = env.string("ADMIN_HTTP_HOST", mainHost);
        int port = env.integer(PORT, 0);
        if (env.string(PORT, "").isEmpty()) {
            env.check(env.string("ADMIN_HTTP_HOST", "").isEmpty(), "ADMIN_HTTP_HOST requires " + PORT);
            return null;
        }
        env.check(port >= 0 && port <= 65_535, PORT + " must be from 0 to 65535, but was " + port);
        env.check(
                port == 0 || port != mainPort || !host.equals(mainHost),
                PORT + " must differ from HTTP_PORT, but both are " + port);
        return new AdminConfig(host, port);
    }
}
