package dev.lockstep.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A certificate authority and the certificates that it issues, as PEM files and PKCS #12 stores in a folder. The JDK's {@code keytool} makes
 * them.
 */
public final class TestAuthority {
    /** The password of all stores. */
    public static final String STORE_PASSWORD = "change-me";

    private static final long LIMIT_SECONDS = 60;
    private static final String AUTHORITY = "ca";
    private static final Base64.Encoder BASE64 = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));

    private final Path folder;
    private final Path store;
    private final Path certificate;

    /**
     * A certificate with its key.
     *
     * @param store a PKCS #12 store with both, and with the authority
     */
    public record Issued(Path certificate, Path key, Path store) {}

    private TestAuthority(Path folder, String name) {
        this.folder = folder;
        this.store = folder.resolve(name + ".p12");
        this.certificate = folder.resolve(name + ".pem");
    }

    /** Creates an authority whose files start with the name. The folder exists, and the caller deletes it. */
    public static TestAuthority create(Path folder, String name) {
        TestAuthority authority = new TestAuthority(folder, name);
        keytool(
                authority.store,
                AUTHORITY,
                "CN=" + name,
                List.of("-keyalg", "EC", "-ext", "bc:critical=ca:true", "-ext", "ku:critical=keyCertSign"));
        write(authority.certificate, pem("CERTIFICATE", encodedCertificate(authority.store, AUTHORITY)));
        return authority;
    }

    /** The authority's own certificate. */
    public Path certificate() {
        return certificate;
    }

    /** A PKCS #12 store with the authority, for clients that trust it. */
    public Path store() {
        return store;
    }

    /** A certificate with an EC key for a server with these names, such as {@code dns:localhost} and {@code ip:127.0.0.1}. */
    public Issued server(String commonName, String... names) {
        return issue(commonName, List.of("-keyalg", "EC", "-ext", "san=" + String.join(",", names)));
    }

    /** A certificate with an EC key for a client. */
    public Issued client(String commonName) {
        return issue(commonName, List.of("-keyalg", "EC"));
    }

    /** A certificate with an RSA key for a client. */
    public Issued rsaClient(String commonName) {
        return issue(commonName, List.of("-keyalg", "RSA", "-keysize", "2048"));
    }

    private Issued issue(String commonName, List<String> options) {
        String alias = TestServers.newName(commonName + "-");
        List<String> all = new ArrayList<>(options);
        all.addAll(List.of("-signer", AUTHORITY));
        Path own = folder.resolve(alias + ".p12");
        try {
            Files.copy(store, own);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        keytool(own, alias, "CN=" + commonName, all);
        replaceAuthorityKey(own);
        Issued issued = new Issued(folder.resolve(alias + ".pem"), folder.resolve(alias + ".key"), own);
        write(issued.certificate(), pem("CERTIFICATE", encodedCertificate(own, alias)));
        write(issued.key(), pem("PRIVATE KEY", encodedKey(own, alias)));
        return issued;
    }

    // A server that finds the key of the authority in its store may present that one.
    private static void replaceAuthorityKey(Path file) {
        try {
            KeyStore keys = open(file);
            Certificate trusted = keys.getCertificate(AUTHORITY);
            keys.deleteEntry(AUTHORITY);
            keys.setCertificateEntry(AUTHORITY, trusted);
            try (OutputStream out = Files.newOutputStream(file)) {
                keys.store(out, STORE_PASSWORD.toCharArray());
            }
        } catch (GeneralSecurityException | IOException cause) {
            throw new IllegalStateException(cause);
        }
    }

    private static byte[] encodedCertificate(Path from, String alias) {
        try {
            return open(from).getCertificate(alias).getEncoded();
        } catch (GeneralSecurityException cause) {
            throw new IllegalStateException(cause);
        }
    }

    private static byte[] encodedKey(Path from, String alias) {
        try {
            return open(from).getKey(alias, STORE_PASSWORD.toCharArray()).getEncoded();
        } catch (GeneralSecurityException cause) {
            throw new IllegalStateException(cause);
        }
    }

    private static KeyStore open(Path file) throws GeneralSecurityException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            keys.load(in, STORE_PASSWORD.toCharArray());
            return keys;
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    private static String pem(String type, byte[] encoded) {
        return "-----BEGIN " + type + "-----\n" + BASE64.encodeToString(encoded) + "\n-----END " + type + "-----\n";
    }

    private static void write(Path file, String text) {
        try {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(file, text);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    private static void keytool(Path store, String alias, String subject, List<String> options) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keystore",
                store.toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                STORE_PASSWORD,
                "-alias",
                alias,
                "-dname",
                subject,
                "-validity",
                "30"));
        command.addAll(options);
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException("keytool failed: " + output);
            }
        } catch (IOException | InterruptedException cause) {
            throw new IllegalStateException("keytool failed", cause);
        }
    }
}
