package dev.lockstep.runtime;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postgresql.ssl.BaseX509KeyManager;
import org.postgresql.util.PSQLException;

/**
 * Checks files with certificates and keys when the settings are read. The methods throw an {@link IllegalArgumentException} whose message
 * is the rest of a sentence that starts with the file.
 */
final class PemFiles {
    static final int MAX_BYTES = 1_048_576;

    private static final Pattern KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----(.*?)-----END PRIVATE KEY-----", Pattern.DOTALL);
    private static final Pattern OTHER_KEY = Pattern.compile("-----BEGIN (ENCRYPTED|RSA|EC|DSA) PRIVATE KEY-----");
    private static final byte[] CHALLENGE =
            "does this key belong to this certificate?".getBytes(StandardCharsets.UTF_8);

    private PemFiles() {}

    /** The certificates in the file, at least one, in its order. */
    static List<X509Certificate> certificates(Path file) {
        byte[] pem = SmallFile.read(file, MAX_BYTES);
        try {
            List<X509Certificate> found =
                    CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem)).stream()
                            .map(X509Certificate.class::cast)
                            .toList();
            if (found.isEmpty()) {
                throw new IllegalArgumentException("contains no certificate in PEM form");
            }
            return found;
        } catch (CertificateException invalid) {
            throw new IllegalArgumentException(
                    "contains no valid certificate in PEM form: " + invalid.getMessage(), invalid);
        }
    }

    /** Checks that the file has a key in the form that both drivers read, that it is protected, and that it belongs to the certificate. */
    static void requireKeyOf(X509Certificate certificate, Path file) {
        PrivateKey key = privateKey(file, certificate.getPublicKey().getAlgorithm());
        requireProtection(file);
        if (!belongsTo(certificate.getPublicKey(), key)) {
            throw new IllegalArgumentException("contains the key of another certificate");
        }
    }

    private static PrivateKey privateKey(Path file, String algorithm) {
        String pem = new String(SmallFile.read(file, MAX_BYTES), StandardCharsets.ISO_8859_1);
        Matcher key = KEY.matcher(pem);
        if (!key.find()) {
            throw new IllegalArgumentException(
                    OTHER_KEY.matcher(pem).find()
                            ? "contains a key that is encrypted or not in PKCS #8 form: convert it with openssl pkcs8 -topk8"
                                    + " -nocrypt"
                            : "contains no private key in PEM form (BEGIN PRIVATE KEY)");
        }
        try {
            byte[] encoded = Base64.getMimeDecoder().decode(key.group(1));
            return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
        } catch (GeneralSecurityException | IllegalArgumentException invalid) {
            throw new IllegalArgumentException("contains no valid " + algorithm + " key", invalid);
        }
    }

    // The rule of libpq, which the JDBC driver enforces for each connection.
    private static void requireProtection(Path file) {
        try {
            BaseX509KeyManager.validateKeyFilePermissions(file);
        } catch (PSQLException unprotected) {
            throw new IllegalArgumentException(
                    "must not be accessible to others: only its owner may read it (mode 0600), or root owns it and its"
                            + " group may read it (0640)",
                    unprotected);
        }
    }

    private static boolean belongsTo(PublicKey certified, PrivateKey key) {
        String algorithm = "RSA".equals(key.getAlgorithm()) ? "SHA256withRSA" : "SHA256withECDSA";
        try {
            Signature signing = Signature.getInstance(algorithm);
            signing.initSign(key);
            signing.update(CHALLENGE);
            byte[] signature = signing.sign();
            Signature verifying = Signature.getInstance(algorithm);
            verifying.initVerify(certified);
            verifying.update(CHALLENGE);
            return verifying.verify(signature);
        } catch (GeneralSecurityException mismatch) {
            return false;
        }
    }
}
