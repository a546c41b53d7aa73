package dev.lockstep.runtime;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Rejects request lines and header fields that two servers may interpret differently. RFC 9112 allows a server to reject them. */
final class RequestHeadValidator {
    private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}");
    private static final Pattern VERSION = Pattern.compile("HTTP/\\d\\.\\d");
    private static final Pattern TARGET = Pattern.compile("[!$-;=?-\\[\\]_a-z~]+");
    private static final Pattern ABSOLUTE = Pattern.compile("https?://([^/?]+).*", Pattern.CASE_INSENSITIVE);
    private static final Pattern AUTHORITY = Pattern.compile("([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{0,5})?");

    private RequestHeadValidator() {}

    /** @throws MalformedRequestException if this is not a request line of HTTP/1.0 or HTTP/1.1 */
    static void checkRequestLine(String method, String target, String version) {
        if (!TOKEN.matcher(method).matches()) {
            throw new MalformedRequestException(400, "The method is not a valid token");
        }
        if (!HttpVersion.HTTP_1_1.text().equals(version)
                && !HttpVersion.HTTP_1_0.text().equals(version)) {
            throw VERSION.matcher(version).matches()
                    ? new MalformedRequestException(505, "Only HTTP/1.1 and HTTP/1.0 are supported")
                    : new MalformedRequestException(
                            400, "The request line must be a method, a target and HTTP/1.1, with one space between");
        }
        if (method.equals(HttpMethod.CONNECT.name()) || method.equals(HttpMethod.TRACE.name())) {
            throw new MalformedRequestException(501, "The method " + method + " is not supported");
        }
        boolean valid = TARGET.matcher(target).matches()
                && (target.startsWith("/")
                        || (target.equals("*") && method.equals(HttpMethod.OPTIONS.name()))
                        || ABSOLUTE.matcher(target).matches());
        if (!valid) {
            throw new MalformedRequestException(400, "The request target must be a path or an http URI (RFC 3986)");
        }
    }

    /**
     * Checks the header fields that determine where the request ends and which host it is for.
     *
     * @throws MalformedRequestException if they are missing, invalid or ambiguous
     */
    static void checkHeaders(HttpRequest request) {
        HttpHeaders headers = request.headers();
        boolean isHttp10 = request.protocolVersion().equals(HttpVersion.HTTP_1_0);
        checkHost(request.uri(), headers.getAll(HttpHeaderNames.HOST), isHttp10);
        List<String> encodings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
        if (!encodings.isEmpty()) {
            if (isHttp10) {
                throw new MalformedRequestException(400, "HTTP/1.0 does not support Transfer-Encoding");
            }
            if (headers.contains(HttpHeaderNames.CONTENT_LENGTH)) {
                throw bothLengths();
            }
            if (encodings.size() > 1) {
                throw new MalformedRequestException(400, "The request must have only one Transfer-Encoding");
            }
            if (!"chunked".equalsIgnoreCase(encodings.getFirst())) {
                throw new MalformedRequestException(501, "The only supported Transfer-Encoding is chunked");
            }
        }
        // Netty expects eight bytes of body after the handshake of a WebSocket draft of 2010, regardless of the
        // declared length.
        if (headers.contains(HttpHeaderNames.SEC_WEBSOCKET_KEY1)) {
            throw new MalformedRequestException(400, "WebSockets are not supported");
        }
    }

    static MalformedRequestException bothLengths() {
        return new MalformedRequestException(400, "Content-Length and Transfer-Encoding exclude each other");
    }

    private static void checkHost(String target, List<String> hosts, boolean isHttp10) {
        if (hosts.isEmpty() && isHttp10) {
            return;
        }
        if (hosts.size() != 1) {
            throw new MalformedRequestException(400, "The request must have one Host header, but has " + hosts.size());
        }
        if (!AUTHORITY.matcher(hosts.getFirst()).matches()) {
            throw new MalformedRequestException(400, "Host must be a host name or an address, optionally with a port");
        }
        String authority = authority(target);
        if (authority != null && !authority.equals(withoutDefaultPort(hosts.getFirst()))) {
            throw new MalformedRequestException(400, "The request target and Host must name the same host");
        }
    }

    private static @Nullable String authority(String target) {
        if (target.startsWith("/")) {
            return null;
        }
        var absolute = ABSOLUTE.matcher(target);
        return absolute.matches() ? withoutDefaultPort(absolute.group(1)) : null;
    }

    private static String withoutDefaultPort(String authority) {
        String lower = authority.toLowerCase(Locale.ROOT);
        return lower.endsWith(":80") ? lower.substring(0, lower.length() - 3) : lower;
    }
}
