package dev.lockstep.runtime.tls;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Optional;
import java.util.function.Supplier;
import javax.net.ssl.X509TrustManager;

/**
 * Trusts exactly one certificate, whatever names it has. A service asks itself at its own address, which its certificate need not contain.
 */
public final class PinnedCertificate implements X509TrustManager {
    private final Supplier<Optional<X509Certificate>> trusted;

    /** @param trusted the certificate now; called for each connection */
    public PinnedCertificate(Supplier<Optional<X509Certificate>> trusted) {
        this.trusted = trusted;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        if (trusted.get().filter(chain[0]::equals).isEmpty()) {
            throw new CertificateException("this is not the certificate of this service");
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw new CertificateException("clients are not trusted");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
