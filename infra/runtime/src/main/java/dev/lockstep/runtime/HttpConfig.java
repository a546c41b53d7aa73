package dev.lockstep.runtime;

import dev.lockstep.runtime.tls.CertificateFiles;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The addresses, certificate, limits and access rules of the HTTP server.
 *
 * @param port 0 for any free port
 * @param tls the certificate of both addresses, or null if they use plain HTTP
 * @param admin the separate address of the operators' routes, or null if they are on this one
 */
public record HttpConfig(
        String host,
        int port,
        HttpLimits limits,
        HttpAccess access,
        AuthConfig auth,
        @Nullable CertificateFiles tls,
        @Nullable AdminConfig admin) {
    /** Uses the default limits and access rules, without sign-in. */
    public HttpConfig(String host, int port) {
        this(host, port, HttpLimits.defaults(), HttpAccess.DEFAULT, AuthConfig.OPEN, null, null);
    }

    static HttpConfig read(Env env, int defaultPort) {
        String host = env.string("HTTP_HOST", "127.0.0.1");
        int port = env.integer("HTTP_PORT", defaultPort);
        env.check(port >= 0 && port <= 65_535, "HTTP_PORT must be from 0 to 65535, but was " + port);
        AdminConfig admin = AdminConfig.read(env, host, port);
        boolean exposed = isExposed(host) || (admin != null && isExposed(admin.host()));
        return new HttpConfig(
                host,
                port,
                HttpLimits.read(env),
                HttpAccess.read(env),
                AuthConfig.read(env, exposed),
                TlsConfig.read(env),
                admin);
    }

    /** The same rules at the address of the operators' routes. */
    HttpConfig at(AdminConfig address) {
        return new HttpConfig(address.host(), address.port(), limits, access, auth, tls, address);
    }

    /** {@code https} or {@code http}. */
    public String scheme() {
        return tls == null ? "http" : "https";
    }

    /** Whether access tokens reach this service unencrypted from other machines, unless a proxy in front of it terminates TLS. */
    public boolean receivesTokensInClear() {
        return auth.issuer() != null && tls == null && (isExposed(host) || (admin != null && isExposed(admin.host())));
    }

    // A host that cannot be resolved now may be resolved when the server starts.
    private static boolean isExposed(String host) {
        return !isLoopback(host, false);
    }

    // All addresses of a name: the server resolves it again, and may listen on another one than the first.
    static boolean isLoopback(String host, boolean ifUnknown) {
        try {
            return Arrays.stream(InetAddress.getAllByName(host)).allMatch(InetAddress::isLoopbackAddress);
        } catch (UnknownHostException e) {
            return ifUnknown;
        }
    }
}
