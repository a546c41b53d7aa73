package dev.lockstep.messaging.failure;

import java.security.InvalidAlgorithmParameterException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Optional;
import java.util.function.Predicate;
import javax.net.ssl.SSLException;

/** Why a TLS connection could not be opened, as far as the exceptions of the JDK tell. Their messages are never translated. */
public enum TlsFailure {
    /** The certificate of the server is not valid at this time. */
    EXPIRED_CERTIFICATE,
    /** None of the trusted authorities has signed the certificate of the server. */
    UNKNOWN_AUTHORITY,
    /** The certificate of the server does not contain the host name of the connection. */
    WRONG_HOST_NAME,
    /** The server refuses the certificate of the client, or requires one and got none. */
    REFUSED_CLIENT_CERTIFICATE,
    /** Any other failure of the handshake, such as no common version of TLS. */
    OTHER;

    private static final String ALERT = "Received fatal alert: ";

    /** Reads the chain of causes. Empty if the failure has nothing to do with TLS. */
    public static Optional<TlsFailure> of(Throwable failure) {
        if (contains(
                failure,
                each -> each instanceof CertificateExpiredException
                        || each instanceof CertificateNotYetValidException)) {
            return Optional.of(EXPIRED_CERTIFICATE);
        }
        // The last one means that there are no trusted authorities at all.
        if (contains(
                failure,
                each -> each instanceof CertPathBuilderException
                        || each instanceof CertPathValidatorException
                        || each instanceof InvalidAlgorithmParameterException)) {
            return Optional.of(UNKNOWN_AUTHORITY);
        }
        // The path is valid, so only the name is left to reject.
        if (contains(failure, each -> each instanceof CertificateException)) {
            return Optional.of(WRONG_HOST_NAME);
        }
        if (contains(failure, each -> isAlertAboutCertificate(text(each)))) {
            return Optional.of(REFUSED_CLIENT_CERTIFICATE);
        }
        return contains(failure, each -> each instanceof SSLException) ? Optional.of(OTHER) : Optional.empty();
    }

    private static boolean isAlertAboutCertificate(String message) {
        int alert = message.indexOf(ALERT);
        return alert >= 0 && (message.indexOf("certificate", alert) >= 0 || message.indexOf("unknown_ca", alert) >= 0);
    }

    private static String text(Throwable failure) {
        return failure instanceof SSLException && failure.getMessage() != null ? failure.getMessage() : "";
    }

    private static boolean contains(Throwable failure, Predicate<Throwable> condition) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (condition.test(each)) {
                return true;
            }
        }
        return false;
    }
}
