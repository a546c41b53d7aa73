package dev.lockstep.runtime;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.SslMode;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Whether connections to Postgres use TLS, and what they verify. Modes and files have the names and meanings that libpq gives them. All
 * connections of a service use it: the pools, the migrations and the relay.
 *
 * @param authorities the certificates of the authorities that may sign the server's certificate; null if it is not verified
 * @param identity the certificate and key of the client, or null
 */
public record PostgresTls(
        Mode mode, @Nullable Path authorities, @Nullable Identity identity) {
    /** Connections without TLS. */
    public static final PostgresTls DISABLED = new PostgresTls(Mode.DISABLE, null, null);

    private static final String MODE = "POSTGRES_SSLMODE";
    private static final String AUTHORITIES = "POSTGRES_SSLROOTCERT";
    private static final String CERTIFICATE = "POSTGRES_SSLCERT";
    private static final String KEY = "POSTGRES_SSLKEY";
    private static final Set<String> ALGORITHMS = Set.of("RSA", "EC");
    // The driver writes to standard error what this verifier refuses, besides throwing it. A logger that nothing refers
    // to would lose its level.
    private static final Logger JDBC_VERIFIER = Logger.getLogger("org.postgresql.ssl.PGjdbcHostnameVerifier");

    static {
        JDBC_VERIFIER.setLevel(Level.OFF);
    }

    /** What a connection requires. */
    public enum Mode {
        /** No TLS. */
        DISABLE(SslMode.DISABLE),
        /** TLS with any certificate. */
        REQUIRE(SslMode.REQUIRE),
        /** A certificate of a known authority. */
        VERIFY_CA(SslMode.VERIFY_CA),
        /** A certificate of a known authority that contains the host name of the connection. */
        VERIFY_FULL(SslMode.VERIFY_FULL);

        private final SslMode ofClient;

        Mode(SslMode ofClient) {
            this.ofClient = ofClient;
        }

        /** The name in settings, such as {@code verify-full}. */
        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        private boolean verifies() {
            return this == VERIFY_CA || this == VERIFY_FULL;
        }
    }

    /** The certificate, and the authorities between it and the server's, with its key. */
    public record Identity(Path certificate, Path key, String algorithm) {}

    static PostgresTls read(Env env) {
        Mode mode = mode(env);
        Path authorities = path(env, AUTHORITIES);
        Path certificate = path(env, CERTIFICATE);
        Path key = path(env, KEY);
        if (mode == Mode.DISABLE) {
            for (String name : List.of(AUTHORITIES, CERTIFICATE, KEY)) {
                env.check(
                        env.string(name, "").isEmpty(),
                        name + " has no effect without TLS: set " + MODE + " to verify-full");
            }
            return DISABLED;
        }
        env.check(
                !mode.verifies() || authorities != null,
                AUTHORITIES + " is required with " + MODE + "=" + mode.word()
                        + ": a PEM file with the authority of the server's certificate");
        if (authorities != null) {
            check(env, AUTHORITIES, authorities, () -> PemFiles.certificates(authorities));
        }
        // As libpq does: an authority is not given to be ignored.
        Mode effective = mode == Mode.REQUIRE && authorities != null ? Mode.VERIFY_CA : mode;
        return new PostgresTls(effective, authorities, identity(env, certificate, key));
    }

    private static Mode mode(Env env) {
        String word = env.string(MODE, "disable").toLowerCase(Locale.ROOT);
        for (Mode mode : Mode.values()) {
            if (mode.word().equals(word)) {
                return mode;
            }
        }
        env.check(
                false,
                MODE + " must be one of disable, require, verify-ca, verify-full, but was \"" + word + "\""
                        + (Set.of("allow", "prefer").contains(word)
                                ? ", with which a connection may silently be unencrypted"
                                : ""));
        return Mode.VERIFY_FULL;
    }

    private static @Nullable Path path(Env env, String name) {
        String text = env.string(name, "");
        try {
            return text.isEmpty() ? null : Path.of(text).toAbsolutePath();
        } catch (InvalidPathException e) {
            env.check(false, name + " must be the path of a file, but was \"" + text + "\"");
            return null;
        }
    }

    private static @Nullable Identity identity(Env env, @Nullable Path certificate, @Nullable Path key) {
        env.check(
                (certificate == null) == (key == null),
                CERTIFICATE + " and " + KEY + " belong together: set both, or neither");
        if (certificate == null || key == null) {
            return null;
        }
        // The JDBC driver reads files with these endings in other forms, whatever they contain.
        env.check(
                !key.toString().toLowerCase(Locale.ROOT).matches(".*\\.(p12|pfx|der)"),
                KEY + " must be a PEM file, whose name does not end with .p12, .pfx or .der, but was " + key);
        String[] algorithm = {""};
        check(env, CERTIFICATE, certificate, () -> {
            X509Certificate own = PemFiles.certificates(certificate).getFirst();
            algorithm[0] = own.getPublicKey().getAlgorithm();
            if (!ALGORITHMS.contains(algorithm[0])) {
                throw new IllegalArgumentException("must have an RSA or EC key, but has " + algorithm[0]);
            }
            check(env, KEY, key, () -> PemFiles.requireKeyOf(own, key));
        });
        return new Identity(certificate, key, algorithm[0]);
    }

    private static void check(Env env, String name, Path file, Runnable check) {
        try {
            check.run();
        } catch (IllegalArgumentException invalid) {
            env.check(false, name + ": the file " + file + " " + invalid.getMessage());
        }
    }

    /** Whether connections use TLS. */
    public boolean isEnabled() {
        return mode != Mode.DISABLE;
    }

    /**
     * The properties of the JDBC driver, which reads the files for each connection. An empty name of a file keeps it from using files in
     * the home directory.
     */
    public Map<String, String> jdbcProperties() {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("sslmode", mode.word());
        if (isEnabled()) {
            properties.put(
                    "sslcert", identity == null ? "" : identity.certificate().toString());
            properties.put("sslkey", identity == null ? "" : identity.key().toString());
            if (authorities != null) {
                properties.put("sslrootcert", authorities.toString());
            }
            if (identity != null) {
                properties.put("pemKeyAlgorithm", identity.algorithm());
            }
        }
        return Map.copyOf(properties);
    }

    /**
     * Sets the options of the Vert.x client, and reads the files. The client itself would read them only once: it keeps what it has read
     * under their names.
     *
     * @throws IllegalArgumentException if a file cannot be read any more
     */
    void applyTo(PgConnectOptions options) {
        options.setSslMode(mode.ofClient);
        if (!isEnabled()) {
            return;
        }
        ClientSSLOptions tls = new ClientSSLOptions();
        if (authorities == null) {
            tls.setTrustAll(true);
        } else {
            tls.setTrustOptions(new PemTrustOptions().addCertValue(content(authorities)));
        }
        tls.setHostnameVerificationAlgorithm(mode == Mode.VERIFY_FULL ? "HTTPS" : "");
        if (identity != null) {
            tls.setKeyCertOptions(new PemKeyCertOptions()
                    .setCertValue(content(identity.certificate()))
                    .setKeyValue(content(identity.key())));
        }
        options.setSslOptions(tls);
    }

    private static Buffer content(Path file) {
        try {
            return Buffer.buffer(SmallFile.read(file, PemFiles.MAX_BYTES));
        } catch (IllegalArgumentException unreadable) {
            throw new IllegalArgumentException("the file " + file + " " + unreadable.getMessage(), unreadable);
        }
    }
}
