package dev.lockstep.runtime;

import dev.lockstep.runtime.tls.CertificateFiles;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads the settings of HTTPS. */
final class TlsConfig {
    private TlsConfig() {}

    /** Returns null if the HTTP ports do not use TLS. The content of the files is checked at start. */
    static @Nullable CertificateFiles read(Env env) {
        String certificate = env.string(CertificateFiles.CERTIFICATE_SETTING, "");
        String key = env.string(CertificateFiles.KEY_SETTING, "");
        env.check(
                certificate.isEmpty() == key.isEmpty(),
                CertificateFiles.CERTIFICATE_SETTING + " and " + CertificateFiles.KEY_SETTING
                        + " must be set together: the PEM files of the server's certificate and of its private key");
        if (certificate.isEmpty() || key.isEmpty()) {
            return null;
        }
        env.readableFile(CertificateFiles.CERTIFICATE_SETTING, certificate);
        env.readableFile(CertificateFiles.KEY_SETTING, key);
        return new CertificateFiles(Path.of(certificate), Path.of(key));
    }
}
