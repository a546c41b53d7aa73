package dev.lockstep.runtime.tls;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * The PEM files of a server's certificate.
 *
 * @param certificate the server's certificate, followed by those of intermediate authorities
 * @param key the private key of the server's certificate, not encrypted
 */
public record CertificateFiles(Path certificate, Path key) {
    /** The setting that names the file with the certificate. */
    public static final String CERTIFICATE_SETTING = "HTTP_TLS_CERT";

    /** The setting that names the file with the private key. */
    public static final String KEY_SETTING = "HTTP_TLS_KEY";

    private static final int MAX_BYTES = 1024 * 1024;

    /** Reads and checks the files on a worker thread. Fails as {@link #read} does. */
    public Future<ServerCertificate> read(Vertx vertx) {
        return vertx.executeBlocking(this::read).map(Objects::requireNonNull);
    }

    /**
     * Reads and checks the files. Blocks.
     *
     * @throws UnusableCertificateException if a server cannot use them; the message names the setting at fault
     */
    public ServerCertificate read() {
        Buffer chain = read(CERTIFICATE_SETTING, certificate);
        return ServerCertificate.of(this, chain, read(KEY_SETTING, key));
    }

    private static Buffer read(String setting, Path file) {
        try (InputStream content = Files.newInputStream(file)) {
            byte[] bytes = content.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new UnusableCertificateException(
                        setting + " " + file + " has more than " + MAX_BYTES + " bytes, so it is not a PEM file", null);
            }
            return Buffer.buffer(bytes);
        } catch (IOException e) {
            String reason = e instanceof NoSuchFileException ? "it does not exist" : e.toString();
            throw new UnusableCertificateException(setting + " " + file + " cannot be read: " + reason, e);
        }
    }
}
