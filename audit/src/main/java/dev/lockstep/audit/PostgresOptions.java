package dev.lockstep.audit;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Locale;
import java.util.Properties;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that say how to connect to the four databases. Their defaults are the environment variables that the services read. */
final class PostgresOptions {
    private static final String NONE = Option.NULL_VALUE;
    private static final Set<String> MODES = Set.of("disable", "require", "verify-ca", "verify-full");
    private static final int MAX_PASSWORD_BYTES = 65_536;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // picocli injects it before it calls any method
    private CommandSpec spec;

    @Option(
            names = "--postgres-host",
            paramLabel = "HOST",
            defaultValue = "127.0.0.1",
            description = "default: ${DEFAULT-VALUE}")
    private String host = "";

    @Option(
            names = "--postgres-port",
            paramLabel = "PORT",
            defaultValue = "5432",
            description = "default: ${DEFAULT-VALUE}")
    private int port;

    @Option(
            names = "--postgres-user",
            paramLabel = "USER",
            defaultValue = "${env:POSTGRES_USER:-lockstep}",
            description = "role that may read all four databases; default: $POSTGRES_USER, else lockstep")
    private String user = "";

    @Option(
            names = "--postgres-password",
            paramLabel = "PASSWORD",
            defaultValue = "${env:POSTGRES_PASSWORD:-" + NONE + "}",
            description =
                    "default: $$POSTGRES_PASSWORD, else lockstep; other users of the machine cannot see the variable")
    private @Nullable String password;

    @Option(
            names = "--postgres-password-file",
            paramLabel = "FILE",
            defaultValue = "${env:POSTGRES_PASSWORD_FILE:-" + NONE + "}",
            description = "file with the password, instead of --postgres-password; default: $$POSTGRES_PASSWORD_FILE")
    private @Nullable Path passwordFile;

    @Option(
            names = "--postgres-sslmode",
            paramLabel = "MODE",
            defaultValue = "${env:POSTGRES_SSLMODE:-disable}",
            description =
                    "disable, require, verify-ca or verify-full, as in libpq; default: $$POSTGRES_SSLMODE, else disable")
    private String sslMode = "";

    @Option(
            names = "--postgres-sslrootcert",
            paramLabel = "FILE",
            defaultValue = "${env:POSTGRES_SSLROOTCERT:-" + NONE + "}",
            description = "PEM file with the authorities of the server's certificate; default: $$POSTGRES_SSLROOTCERT")
    private @Nullable Path sslRootCert;

    @Option(
            names = "--postgres-sslcert",
            paramLabel = "FILE",
            defaultValue = "${env:POSTGRES_SSLCERT:-" + NONE + "}",
            description = "PEM file with the certificate of the auditor's role; default: $$POSTGRES_SSLCERT")
    private @Nullable Path sslCert;

    @Option(
            names = "--postgres-sslkey",
            paramLabel = "FILE",
            defaultValue = "${env:POSTGRES_SSLKEY:-" + NONE + "}",
            description = "PEM file (PKCS #8) with the key of that certificate; default: $$POSTGRES_SSLKEY")
    private @Nullable Path sslKey;

    String host() {
        return host;
    }

    int port() {
        return port;
    }

    String user() {
        return user;
    }

    /** @throws CommandLine.ParameterException if the file cannot be read, or a password is given twice */
    String password() {
        Path file = given(passwordFile);
        if (file == null) {
            return password == null ? "lockstep" : password;
        }
        if (password != null && !password.isBlank()) {
            throw wrong("POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are both set (--postgres-password,"
                    + " --postgres-password-file): set only one of them");
        }
        try {
            if (Files.size(file) > MAX_PASSWORD_BYTES) {
                throw new IOException("it has more than " + MAX_PASSWORD_BYTES + " bytes");
            }
            String text = Files.readString(file, StandardCharsets.UTF_8);
            String secret = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
            if (secret.isBlank()) {
                throw new IOException("it is empty");
            }
            return secret;
        } catch (IOException cause) {
            throw wrong("cannot read the password in " + file + " (POSTGRES_PASSWORD_FILE, --postgres-password-file): "
                    + cause.getMessage());
        }
    }

    /**
     * The properties of the JDBC driver for TLS.
     *
     * @throws CommandLine.ParameterException if the options contradict each other
     */
    Properties tls() {
        String mode = sslMode.isBlank() ? "disable" : sslMode.strip().toLowerCase(Locale.ROOT);
        if (!MODES.contains(mode)) {
            throw wrong(
                    "POSTGRES_SSLMODE (--postgres-sslmode) must be one of disable, require, verify-ca, verify-full, but"
                            + " was \"" + sslMode + "\"");
        }
        Properties properties = new Properties();
        properties.setProperty("sslmode", mode);
        if (mode.equals("disable")) {
            return properties;
        }
        Path authorities = given(sslRootCert);
        if (authorities != null) {
            properties.setProperty("sslrootcert", authorities.toString());
            // As in libpq, an authority is verified even if the mode does not require it.
            properties.setProperty("sslmode", mode.equals("require") ? "verify-ca" : mode);
        } else if (mode.startsWith("verify")) {
            throw wrong("POSTGRES_SSLROOTCERT (--postgres-sslrootcert) is required with POSTGRES_SSLMODE=" + mode);
        }
        addIdentity(properties, given(sslCert), given(sslKey));
        return properties;
    }

    private void addIdentity(Properties properties, @Nullable Path certificate, @Nullable Path key) {
        if ((certificate == null) != (key == null)) {
            throw wrong(
                    "POSTGRES_SSLCERT and POSTGRES_SSLKEY (--postgres-sslcert, --postgres-sslkey) belong together: set"
                            + " both, or neither");
        }
        // An empty name keeps the driver from using files in the home directory.
        properties.setProperty("sslcert", certificate == null ? "" : certificate.toString());
        properties.setProperty("sslkey", key == null ? "" : key.toString());
        if (certificate != null) {
            properties.setProperty("pemKeyAlgorithm", keyAlgorithm(certificate));
        }
    }

    // A variable that is set to nothing counts as absent, as for the services.
    private static @Nullable Path given(@Nullable Path file) {
        return file == null || file.toString().isBlank() ? null : file;
    }

    // The driver has to be told the algorithm of a PEM key. It is that of the certificate.
    private String keyAlgorithm(Path certificate) {
        try (InputStream in = Files.newInputStream(certificate)) {
            return CertificateFactory.getInstance("X.509")
                    .generateCertificate(in)
                    .getPublicKey()
                    .getAlgorithm();
        } catch (IOException | CertificateException cause) {
            throw wrong("cannot read the certificate in " + certificate + " (POSTGRES_SSLCERT, --postgres-sslcert): "
                    + cause.getMessage());
        }
    }

    private CommandLine.ParameterException wrong(String problem) {
        return new CommandLine.ParameterException(spec.commandLine(), problem);
    }
}
