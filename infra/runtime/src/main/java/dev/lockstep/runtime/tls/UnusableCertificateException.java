package dev.lockstep.runtime.tls;

import org.jspecify.annotations.Nullable;

/** A server cannot use the configured certificate. The message is one sentence for operators that names the setting at fault. */
public final class UnusableCertificateException extends RuntimeException {
    UnusableCertificateException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
