package dev.lockstep.runtime;

import java.net.URI;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The host and port of a URI. {@link URI#getHost} is null for a name with an underscore, which container platforms use as a host name.
 *
 * @param host without the brackets of an IPv6 address
 * @param port -1 if the URI has none
 */
public record UriHost(String host, int port) {
    private static final Pattern NAME_WITH_UNDERSCORE = Pattern.compile("(?:.*@)?([A-Za-z0-9._-]+)(?::(\\d{1,5}))?");
    private static final int MAX_PORT = 65_535;

    /** Empty if the URI has no valid host, or a port above 65535. */
    public static Optional<UriHost> of(URI uri) {
        Optional<UriHost> found = Optional.empty();
        if (uri.getHost() != null) {
            found = Optional.of(new UriHost(uri.getHost().replaceAll("[\\[\\]]", ""), uri.getPort()));
        } else if (uri.getRawAuthority() != null) {
            Matcher authority = NAME_WITH_UNDERSCORE.matcher(uri.getRawAuthority());
            if (authority.matches()) {
                String port = authority.group(2);
                found = Optional.of(new UriHost(authority.group(1), port == null ? -1 : Integer.parseInt(port)));
            }
        }
        return found.filter(each -> each.port() <= MAX_PORT);
    }

    /** Whether the URI has a user or password. */
    public static boolean hasUserInfo(URI uri) {
        return uri.getRawAuthority() != null && uri.getRawAuthority().contains("@");
    }
}
