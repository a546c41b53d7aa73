package dev.lockstep.runtime.tls;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.impl.KeyStoreHelper;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/** A certificate with its private key that a server can use. Its validity in time is not checked. */
public final class ServerCertificate {
    private static final byte[] CHALLENGE = new byte[32];

    private final Buffer certificate;
    private final Buffer key;
    private final List<X509Certificate> chain;

    private ServerCertificate(Buffer certificate, Buffer key, List<X509Certificate> chain) {
        this.certificate = certificate;
        this.key = key;
        this.chain = chain;
    }

    static ServerCertificate of(CertificateFiles files, Buffer certificate, Buffer key) {
        KeyStore.PrivateKeyEntry entry = entry(files, certificate, key);
        List<X509Certificate> chain = Arrays.stream(entry.getCertificateChain())
                .map(X509Certificate.class::cast)
                .toList();
        if (!belongTogether(entry.getCertificate(), entry.getPrivateKey())) {
            throw new UnusableCertificateException(
                    CertificateFiles.KEY_SETTING + " " + files.key()
                            + " is not the private key of the first certificate in "
                            + CertificateFiles.CERTIFICATE_SETTING + " " + files.certificate(),
                    null);
        }
        return new ServerCertificate(certificate, key, chain);
    }

    // Reads the texts as the server will.
    private static KeyStore.PrivateKeyEntry entry(CertificateFiles files, Buffer certificate, Buffer key) {
        try {
            KeyStore store = KeyStoreHelper.loadKeyCert(List.of(key), List.of(certificate));
            String alias = store.aliases().nextElement();
            if (store.getEntry(alias, new KeyStore.PasswordProtection(KeyStoreHelper.DUMMY_PASSWORD.toCharArray()))
                    instanceof KeyStore.PrivateKeyEntry entry) {
                return entry;
            }
            throw new KeyStoreHasNoKeyException();
        } catch (Exception unreadable) {
            // The key store reads both, and does not say which of them is at fault. The message quotes neither.
            throw new UnusableCertificateException(
                    CertificateFiles.CERTIFICATE_SETTING + " " + files.certificate() + " and "
                            + CertificateFiles.KEY_SETTING + " " + files.key()
                            + " must be PEM files with an X.509 certificate and its RSA or EC key, not encrypted: "
                            + unreadable.getMessage(),
                    unreadable);
        }
    }

    private static boolean belongTogether(Certificate certificate, PrivateKey key) {
        try {
            Signature signature =
                    Signature.getInstance(key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA");
            signature.initSign(key);
            signature.update(CHALLENGE);
            byte[] signed = signature.sign();
            signature.initVerify(certificate.getPublicKey());
            signature.update(CHALLENGE);
            return signature.verify(signed);
        } catch (GeneralSecurityException otherAlgorithm) {
            return false;
        }
    }

    /** The certificate and key for a server. */
    public PemKeyCertOptions options() {
        return new PemKeyCertOptions().setCertValue(certificate).setKeyValue(key);
    }

    /** The server's certificate, followed by those of authorities. */
    public List<X509Certificate> chain() {
        return chain;
    }

    /** When the server's certificate expires. */
    public Instant expires() {
        return chain.getFirst().getNotAfter().toInstant();
    }

    /** Whether both were read from files with the same content. */
    boolean sameAs(ServerCertificate other) {
        return certificate.equals(other.certificate) && key.equals(other.key);
    }

    private static final class KeyStoreHasNoKeyException extends Exception {
        KeyStoreHasNoKeyException() {
            super("there is no private key");
        }
    }
}
