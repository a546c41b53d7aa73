package dev.lockstep.runtime;

import dev.lockstep.runtime.auth.ClientIdentity;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The addresses of the other services. Read by services that answer user requests with data from several services.
 *
 * @param uris by service name without {@code -service}, sorted
 * @param timeout how long one service may take to answer
 * @param caFile a PEM file with the authorities of the services' certificates, or null for those of the JVM
 * @param client the identity of this service at the issuer for requests that no caller has made, or null if it has none
 */
public record PeersConfig(
        SortedMap<String, URI> uris,
        Duration timeout,
        @Nullable String caFile,
        @Nullable ClientIdentity client) {
    private static final String CA_FILE = "PEERS_CA_FILE";
    private static final String CLIENT_ID = "PEERS_CLIENT_ID";
    private static final String CLIENT_SECRET = "PEERS_CLIENT_SECRET";
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]*");
    private static final Duration MAX_TIMEOUT = Duration.ofMinutes(1);

    public static PeersConfig read(Env env) {
        SortedMap<String, URI> uris = new TreeMap<>();
        String peers = env.string("PEERS", "");
        if (!peers.isEmpty()) {
            for (String peer : peers.split(",", -1)) {
                read(env, peer.strip(), uris);
            }
        }
        Duration timeout = env.duration("PEERS_TIMEOUT", Duration.ofSeconds(2));
        env.checkRange("PEERS_TIMEOUT", timeout, Env.MIN_TIMEOUT, MAX_TIMEOUT);
        String caFile = env.string(CA_FILE, "");
        if (!caFile.isEmpty()) {
            env.readableFile(CA_FILE, caFile);
        }
        return new PeersConfig(uris, timeout, caFile.isEmpty() ? null : caFile, client(env));
    }

    private static @Nullable ClientIdentity client(Env env) {
        String id = env.string(CLIENT_ID, "");
        if (id.isEmpty()) {
            env.check(env.secret(CLIENT_SECRET).isEmpty(), CLIENT_SECRET + " requires " + CLIENT_ID);
            return null;
        }
        env.check(
                !env.string("AUTH_ISSUER", "").isEmpty(),
                CLIENT_ID + " requires AUTH_ISSUER: the issuer gives this client its access tokens");
        Secret secret = env.requiredSecret(CLIENT_SECRET, "the secret of the client PEERS_CLIENT_ID at the issuer");
        return new ClientIdentity(id, secret.value());
    }

    private static void read(Env env, String peer, SortedMap<String, URI> uris) {
        int equals = peer.indexOf('=');
        String name = equals < 0 ? "" : peer.substring(0, equals).strip();
        URI uri = uri(peer.substring(equals + 1).strip());
        boolean valid = NAME.matcher(name).matches() && isBase(uri);
        env.check(
                valid,
                "PEERS must be a comma-separated list of name=http://host:port, such as"
                        + " inventory=http://127.0.0.1:8081, but one entry was \"" + peer + "\"");
        if (valid) {
            env.check(!uris.containsKey(name), "PEERS must name each service once, but names " + name + " twice");
            uris.put(name, uri);
        }
    }

    private static URI uri(String text) {
        try {
            return new URI(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
        } catch (URISyntaxException e) {
            return URI.create("");
        }
    }

    private static boolean isBase(URI uri) {
        return ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
                && UriHost.of(uri).isPresent()
                && !UriHost.hasUserInfo(uri)
                && uri.getRawQuery() == null
                && uri.getRawFragment() == null;
    }
}
