package dev.lockstep.runtime;

import java.time.Duration;

/**
 * Limits on the connections of HTTP clients: how many, and for how long.
 *
 * @param maxConnections per process: services that share a JVM also share its open files
 * @param maxConnectionsPerAddress per remote address and process
 * @param headerTimeout from a request's first byte to the end of its header section; also how long a new connection may stay silent
 * @param bodyTimeout from the end of the header section to the end of the body
 * @param requestTimeout from a request's first byte until the client has taken the whole response
 */
public record HttpLimits(
        int maxConnections,
        int maxConnectionsPerAddress,
        Duration headerTimeout,
        Duration bodyTimeout,
        Duration requestTimeout) {
    private static final int DEFAULT_MAX_CONNECTIONS = 2000;
    private static final Duration HEADER_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration BODY_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration REQUEST_TIMEOUT = Duration.ofMinutes(1);
    private static final Duration MAX_TIMEOUT = Duration.ofHours(1);

    static HttpLimits defaults() {
        int connections = defaultConnections(OpenFiles.limit());
        return new HttpLimits(connections, perAddress(connections), HEADER_TIMEOUT, BODY_TIMEOUT, REQUEST_TIMEOUT);
    }

    static HttpLimits read(Env env) {
        return read(env, OpenFiles.limit());
    }

    static HttpLimits read(Env env, int openFiles) {
        int connections = env.integer("HTTP_MAX_CONNECTIONS", defaultConnections(openFiles));
        env.check(
                connections >= 1 && connections <= openFiles / 2,
                "HTTP_MAX_CONNECTIONS must be from 1 to " + openFiles / 2 + ", half of the " + openFiles
                        + " files that this process may open (ulimit -n), but was " + connections);
        int perAddress = env.integer("HTTP_MAX_CONNECTIONS_PER_ADDRESS", perAddress(connections));
        env.check(
                perAddress >= 1 && (perAddress <= connections || connections < 1),
                "HTTP_MAX_CONNECTIONS_PER_ADDRESS must be from 1 to HTTP_MAX_CONNECTIONS, but was " + perAddress);
        Duration header = timeout(env, "HTTP_HEADER_TIMEOUT", HEADER_TIMEOUT);
        Duration body = timeout(env, "HTTP_BODY_TIMEOUT", BODY_TIMEOUT);
        Duration request = timeout(env, "HTTP_REQUEST_TIMEOUT", REQUEST_TIMEOUT);
        return new HttpLimits(connections, perAddress, header, body, request);
    }

    private static Duration timeout(Env env, String name, Duration defaultValue) {
        Duration timeout = env.duration(name, defaultValue);
        env.checkRange(name, timeout, Env.MIN_TIMEOUT, MAX_TIMEOUT);
        return timeout;
    }

    // Three quarters of the files remain for the rest of the process: logs of Kafka partitions, Postgres, jars.
    private static int defaultConnections(int openFiles) {
        return Math.max(1, Math.min(DEFAULT_MAX_CONNECTIONS, openFiles / 4));
    }

    // A single address cannot take every connection.
    private static int perAddress(int connections) {
        return Math.max(1, connections / 2);
    }
}
