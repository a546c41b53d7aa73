package dev.lockstep.runtime;

import dev.lockstep.runtime.auth.TrustedProxies;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The host names that a service answers to, the web origins whose pages may change data, and the proxies that it trusts.
 *
 * @param allowedHosts names without a port, in lower case; {@code *} for any
 * @param allowedOrigins such as {@code https://shop.example}, in lower case
 * @param trustedProxies addresses and networks of the proxies that name the user of a request
 */
public record HttpAccess(List<String> allowedHosts, List<String> allowedOrigins, List<String> trustedProxies) {
    static final String ANY_HOST = "*";
    static final HttpAccess DEFAULT = new HttpAccess(List.of(), List.of(), List.of());
    private static final Pattern HOST = Pattern.compile("[a-z0-9._-]+|\\[[0-9a-f:.]+\\]");

    public HttpAccess {
        allowedHosts = List.copyOf(allowedHosts);
        allowedOrigins = List.copyOf(allowedOrigins);
        trustedProxies = List.copyOf(trustedProxies);
    }

    static HttpAccess read(Env env) {
        return new HttpAccess(
                list(
                        env,
                        "HTTP_ALLOWED_HOSTS",
                        host -> host.equals(ANY_HOST) || HOST.matcher(host).matches(),
                        "a comma-separated list of host names without ports, such as shop.example, or * for any"),
                list(
                        env,
                        "HTTP_ALLOWED_ORIGINS",
                        HttpAccess::isOrigin,
                        "a comma-separated list of origins, such as https://shop.example"),
                list(
                        env,
                        "HTTP_TRUSTED_PROXIES",
                        TrustedProxies::isNetwork,
                        "a comma-separated list of IP addresses and networks, such as 10.0.0.7 or 10.0.0.0/8"));
    }

    private static List<String> list(Env env, String name, Predicate<String> valid, String expected) {
        String text = env.string(name, "");
        if (text.isEmpty()) {
            return List.of();
        }
        List<String> values = Arrays.stream(text.split(",", -1))
                .map(value -> value.strip().toLowerCase(Locale.ROOT))
                .toList();
        values.stream()
                .filter(valid.negate())
                .forEach(value ->
                        env.check(false, name + " must be " + expected + ", but one entry was \"" + value + "\""));
        return values;
    }

    private static boolean isOrigin(String text) {
        return authority(text) != null;
    }

    /** Host and port of an origin, with the default port filled in, or null if it is not of the form {@code http(s)://host[:port]}. */
    static @Nullable String authority(String origin) {
        try {
            URI uri = new URI(origin);
            Optional<UriHost> address = UriHost.of(uri);
            boolean valid = ("http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme()))
                    && address.isPresent()
                    && !UriHost.hasUserInfo(uri)
                    && uri.getRawPath().isEmpty()
                    && uri.getRawQuery() == null
                    && uri.getRawFragment() == null;
            if (!valid) {
                return null;
            }
            int given = address.get().port();
            int port = given == -1 ? ("https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80) : given;
            return address.get().host().toLowerCase(Locale.ROOT) + ":" + port;
        } catch (URISyntaxException e) {
            return null;
        }
    }
}
