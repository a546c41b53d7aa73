package dev.lockstep.runtime.auth;

import java.net.URI;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The issuer of the tokens that a service accepts.
 *
 * @param rules what the claims of a token must contain
 * @param jwksUri the address of the issuer's keys, or null to read it from the issuer's metadata
 * @param caFile a PEM file with the certificates that the issuer's certificate may be signed with, or null for those of the JVM
 */
public record Issuer(
        TokenRules rules, @Nullable URI jwksUri, @Nullable String caFile) {
    private static final String METADATA = "/.well-known/openid-configuration";

    String name() {
        return rules.issuer();
    }

    /** The address of the issuer's metadata (OpenID Connect Discovery 1.0). */
    URI metadataUri() {
        String issuer = name();
        return URI.create((issuer.endsWith("/") ? issuer.substring(0, issuer.length() - 1) : issuer) + METADATA);
    }

    /** The issuer's keys decide who is let in, so they must come over TLS. On loopback, HTTP is safe as well. */
    public static Optional<String> problemOf(URI uri) {
        boolean usable = uri.getHost() != null
                && uri.getRawUserInfo() == null
                && uri.getRawFragment() == null
                && ("https".equals(uri.getScheme()) || ("http".equals(uri.getScheme()) && isLoopback(uri.getHost())));
        return usable ? Optional.empty() : Optional.of("must be an https:// URL; http:// is accepted on loopback only");
    }

    /** Whether the host of a URL is an address of this machine for programs on it only, as far as the text shows. */
    public static boolean isLoopback(String host) {
        return host.equals("localhost") || host.equals("[::1]") || host.matches("127(\\.\\d{1,3}){3}");
    }
}
