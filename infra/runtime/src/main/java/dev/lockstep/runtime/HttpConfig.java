package dev.lockstep.runtime;

/**
 * The address, limits and access rules of the HTTP server.
 *
 * @param port 0 for any free port
 */
public record HttpConfig(String host, int port, HttpLimits limits, HttpAccess access) {
    /** Uses the default limits and access rules. */
    public HttpConfig(String host, int port) {
        this(host, port, HttpLimits.defaults(), HttpAccess.DEFAULT);
    }

    static HttpConfig read(Env env, int defaultPort) {
        String host = env.string("HTTP_HOST", "127.0.0.1");
        int port = env.integer("HTTP_PORT", defaultPort);
        env.check(port >= 0 && port <= 65_535, "HTTP_PORT must be from 0 to 65535, but was " + port);
        return new HttpConfig(host, port, HttpLimits.read(env), HttpAccess.read(env));
    }
}
