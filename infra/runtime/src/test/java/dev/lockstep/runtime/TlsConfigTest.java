package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lockstep.runtime.tls.CertificateFiles;
import dev.lockstep.testing.HttpOnly;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class TlsConfigTest {
    @TempDir
    Path folder;

    @Test
    void there_is_no_tls_by_default() {
        HttpConfig http = read(Map.of());

        assertThat(http.tls()).isNull();
        assertThat(http.scheme()).isEqualTo("http");
    }

    @Test
    void the_files_of_the_certificate_turn_on_https() throws IOException {
        HttpConfig http = read(tls());

        assertThat(http.tls()).isEqualTo(new CertificateFiles(folder.resolve("cert.pem"), folder.resolve("key.pem")));
        assertThat(http.scheme()).isEqualTo("https");
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP_TLS_CERT", "HTTP_TLS_KEY"})
    void one_file_alone_is_reported(String missing) throws IOException {
        Map<String, String> settings = tls();
        settings.remove(missing);

        assertThat(problems(settings))
                .containsExactly("HTTP_TLS_CERT and HTTP_TLS_KEY must be set together: the PEM files of the server's"
                        + " certificate and of its private key");
    }

    @Test
    void files_that_cannot_be_read_are_reported() throws IOException {
        Map<String, String> settings = tls();
        settings.put("HTTP_TLS_CERT", folder.resolve("missing.pem").toString());
        settings.put("HTTP_TLS_KEY", folder.toString());

        assertThat(problems(settings))
                .containsExactly(
                        "HTTP_TLS_CERT must be a readable PEM file, but was \"" + folder.resolve("missing.pem") + "\"",
                        "HTTP_TLS_KEY must be a readable PEM file, but was \"" + folder + "\"");
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, 127.0.0.1, false, true, false",
        "0.0.0.0,   127.0.0.1, false, true, true",
        "127.0.0.1, 0.0.0.0,   false, true, true",
        "0.0.0.0,   0.0.0.0,   true,  true, false",
        "0.0.0.0,   0.0.0.0,   false, false, false"
    })
    void tokens_are_in_clear_between_machines_without_https(
            String host, String adminHost, boolean https, boolean signIn, boolean inClear) throws IOException {
        Map<String, String> settings = https ? tls() : new HashMap<>();
        settings.putAll(Map.of("HTTP_HOST", host, "ADMIN_HTTP_HOST", adminHost, "ADMIN_HTTP_PORT", "0"));
        settings.putAll(
                signIn
                        ? Map.of("AUTH_ISSUER", "https://id.example", "AUTH_AUDIENCE", "lockstep")
                        : Map.of("AUTH", "none"));

        assertThat(read(settings).receivesTokensInClear()).isEqualTo(inClear);
    }

    private Map<String, String> tls() throws IOException {
        return new HashMap<>(Map.of(
                "HTTP_TLS_CERT",
                Files.writeString(folder.resolve("cert.pem"), "").toString(),
                "HTTP_TLS_KEY",
                Files.writeString(folder.resolve("key.pem"), "").toString()));
    }

    private static HttpConfig read(Map<String, String> settings) {
        Env env = new Env(HttpOnly.settings(settings));
        ServiceConfig config = ServiceConfig.read(env, "order-service", 8080);
        return env.build("order-service", config::http);
    }

    private static List<String> problems(Map<String, String> settings) {
        return catchThrowableOfType(SettingsException.class, () -> read(settings))
                .problems();
    }
}
