package dev.lockstep.runtime;

import dev.lockstep.messaging.http.JsonBody;
import dev.lockstep.messaging.http.Problem;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.RoutingContext;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Prevents web pages of other origins from changing data, and from reading data by DNS rebinding. Clients other than browsers send none of
 * the headers checked here except Host.
 */
final class AccessRules implements Handler<RoutingContext> {
    private static final Set<HttpMethod> SAFE = Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);
    private static final Set<String> OWN_SITES = Set.of("same-origin", "none");
    private static final String SEC_FETCH_SITE = "Sec-Fetch-Site";

    private final HttpAccess access;
    private final boolean anyHost;
    private final Set<String> hosts = new HashSet<>();

    AccessRules(HttpConfig http) {
        access = http.access();
        // With an unknown host the server cannot listen, and that failure explains the reason.
        boolean isLoopback = HttpConfig.isLoopback(http.host(), true);
        anyHost = access.allowedHosts().contains(HttpAccess.ANY_HOST)
                || (access.allowedHosts().isEmpty() && !isLoopback);
        hosts.addAll(access.allowedHosts());
        hosts.add(http.host().toLowerCase(Locale.ROOT));
        if (isLoopback) {
            hosts.add("localhost");
            hosts.add("127.0.0.1");
            hosts.add("[::1]");
        }
    }

    @Override
    public void handle(RoutingContext ctx) {
        HttpServerRequest request = ctx.request();
        String host = request.getHeader(HttpHeaders.HOST);
        checkHost(request, host);
        if (!SAFE.contains(request.method())) {
            checkOrigin(request, host);
        }
        checkContentType(request);
        ctx.next();
    }

    private void checkHost(HttpServerRequest request, @Nullable String host) {
        // Only HTTP/1.0 requests may omit Host, and no browser sends those.
        if (anyHost || host == null) {
            return;
        }
        String name = withoutPort(host);
        if (!hosts.contains(name) && !isOwnAddress(request, name)) {
            throw Problem.misdirected(
                    "The host name " + name + " is not allowed; add it to HTTP_ALLOWED_HOSTS to allow it");
        }
    }

    // A page can make its own host name resolve to this address, but then Host contains that name, not the address.
    private static boolean isOwnAddress(HttpServerRequest request, String name) {
        SocketAddress local = request.localAddress();
        return local != null
                && local.hostAddress() != null
                && name.equals(
                        local.hostAddress().contains(":") ? "[" + local.hostAddress() + "]" : local.hostAddress());
    }

    private void checkOrigin(HttpServerRequest request, @Nullable String host) {
        List<String> origins = request.headers().getAll(HttpHeaders.ORIGIN);
        if (origins.size() == 1
                && access.allowedOrigins().contains(origins.getFirst().toLowerCase(Locale.ROOT))) {
            return;
        }
        boolean ownSite = request.headers().getAll(SEC_FETCH_SITE).stream()
                .allMatch(site -> OWN_SITES.contains(site.toLowerCase(Locale.ROOT)));
        boolean ownOrigin = origins.isEmpty() || (origins.size() == 1 && isOwn(request, origins.getFirst(), host));
        if (!ownSite || !ownOrigin) {
            throw Problem.forbidden("Web pages of other origins must not change data"
                    + (origins.size() == 1 ? ": Origin is \"" + origins.getFirst() + "\"" : "")
                    + "; add the origin to HTTP_ALLOWED_ORIGINS to allow it");
        }
    }

    // A page that was loaded over HTTP is not of the origin of this service if the service uses HTTPS. The reverse is
    // possible: behind a proxy that terminates TLS, the origin is https and the connection is not.
    private static boolean isOwn(HttpServerRequest request, String origin, @Nullable String host) {
        String authority = HttpAccess.authority(origin);
        if (authority == null || host == null) {
            return false;
        }
        String scheme = origin.substring(0, origin.indexOf(':'));
        if (request.isSSL() && !scheme.equalsIgnoreCase("https")) {
            return false;
        }
        return authority.equals(HttpAccess.authority(scheme + "://" + host));
    }

    private static void checkContentType(HttpServerRequest request) {
        List<String> types = request.headers().getAll(HttpHeaders.CONTENT_TYPE);
        if (hasBody(request) && (types.size() != 1 || !JsonBody.isJson(types.getFirst()))) {
            throw JsonBody.unsupported(types.isEmpty() ? null : String.join(", ", types));
        }
    }

    private static boolean hasBody(HttpServerRequest request) {
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        return length == null ? request.headers().contains(HttpHeaders.TRANSFER_ENCODING) : !length.equals("0");
    }

    private static String withoutPort(String host) {
        int port = host.lastIndexOf(':');
        String name = port > host.lastIndexOf(']') ? host.substring(0, port) : host;
        return name.toLowerCase(Locale.ROOT);
    }
}
