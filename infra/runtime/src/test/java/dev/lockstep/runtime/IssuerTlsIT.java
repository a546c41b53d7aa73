package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import no.nav.security.mock.oauth2.MockOAuth2Server;
import no.nav.security.mock.oauth2.OAuth2Config;
import no.nav.security.mock.oauth2.http.Ssl;
import no.nav.security.mock.oauth2.http.SslKeystore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An issuer whose certificate was not signed by one of the authorities that the JVM knows. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class IssuerTlsIT {
    private static final String ISSUER = "shop";

    private final MockOAuth2Server provider = new MockOAuth2Server(
            OAuth2Config.Companion.fromJson("{\"httpServer\":{\"type\":\"NettyWrapper\",\"ssl\":{}}}"));

    @TempDir
    Path folder;

    @BeforeEach
    void start() {
        provider.start();
    }

    @AfterEach
    void close() {
        provider.shutdown();
    }

    @Test
    void its_keys_are_read_if_its_authority_is_configured() throws Exception {
        Ssl tls = Objects.requireNonNull(provider.getConfig().getHttpServer().sslConfig());
        Path authority = pem(tls.getSslKeystore().getKeyStore());

        try (ProtectedServer server = new ProtectedServer(settings(authority))) {
            await().until(() -> server.getWith(token(), "/orders").statusCode() == 200);
        }
    }

    @Test
    void its_keys_are_not_read_without_its_authority() {
        assertThatKeysAreNotRead(settings(null));
    }

    @Test
    void its_keys_are_not_read_with_another_authority() throws Exception {
        assertThatKeysAreNotRead(settings(pem(new SslKeystore().getKeyStore())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "not a certificate"})
    void its_keys_are_not_read_with_an_unusable_file(String content) throws IOException {
        assertThatKeysAreNotRead(settings(Files.writeString(folder.resolve("broken.pem"), content)));
    }

    private void assertThatKeysAreNotRead(Map<String, String> settings) {
        try (ProtectedServer server = new ProtectedServer(settings)) {
            await().until(() ->
                    server.get("/health/ready").body().contains("requests that need sign-in are answered 503"));

            assertThat(server.getWith(token(), "/orders").statusCode()).isEqualTo(503);
            assertThat(server.get("/open").statusCode()).isEqualTo(200);
        }
    }

    private Map<String, String> settings(@Nullable Path authority) {
        String issuer = provider.issuerUrl(ISSUER).toString();
        Map<String, String> settings = new HashMap<>(Map.of("AUTH_ISSUER", issuer, "AUTH_AUDIENCE", "lockstep"));
        if (authority != null) {
            settings.put("AUTH_CA_FILE", authority.toString());
        }
        return settings;
    }

    private String token() {
        return provider.issueToken(ISSUER, "u123", "lockstep", Map.of("scope", "orders:read"))
                .serialize();
    }

    private Path pem(KeyStore keys) throws KeyStoreException, CertificateEncodingException, IOException {
        Certificate certificate = keys.getCertificate(keys.aliases().nextElement());
        return Files.writeString(
                folder.resolve("ca.pem"),
                "-----BEGIN CERTIFICATE-----\n"
                        + Base64.getMimeEncoder().encodeToString(certificate.getEncoded())
                        + "\n-----END CERTIFICATE-----\n");
    }
}
