package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.lockstep.testing.TestAuthority;
import dev.lockstep.testing.TestAuthority.Issued;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class HttpsIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String LIVE = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    private static final String ECHO = "GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private static final String LARGE = "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";

    @TempDir
    static Path authorities;

    @SuppressWarnings("NullAway.Init") // created before all tests
    private static TestAuthority authority;

    @SuppressWarnings("NullAway.Init") // created before all tests
    private static Issued first;

    @SuppressWarnings("NullAway.Init") // created before all tests
    private static Issued second;

    @TempDir
    Path folder;

    /** Files that a server cannot use. */
    enum Unusable {
        NOT_PEM,
        OTHER_KEY,
        NO_KEY
    }

    @BeforeAll
    static void issue() {
        authority = TestAuthority.create(authorities, "authority");
        first = authority.server("first", "ip:127.0.0.1", "dns:localhost");
        second = authority.server("second", "ip:127.0.0.1", "dns:localhost");
    }

    @BeforeEach
    void serveFirst() throws IOException {
        serve(first);
    }

    @Test
    void both_ports_serve_clients_that_trust_the_authority() throws Exception {
        try (TestHttpServer server = start("ADMIN_HTTP_PORT", "0")) {
            assertThat(trusting(authority).exchange(server.port(), LIVE)).startsWith("HTTP/1.1 200 ");
            assertThat(trusting(authority).exchange(server.adminPort(), LIVE)).startsWith("HTTP/1.1 200 ");
            assertThat(server.adminPort()).isNotEqualTo(server.port());
        }
    }

    @Test
    void a_client_that_trusts_another_authority_refuses_the_certificate() throws Exception {
        TestClient other = trusting(TestAuthority.create(folder, "other"));
        try (TestHttpServer server = start()) {
            assertThatThrownBy(() -> other.connect(server.port())).isInstanceOf(SSLHandshakeException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
    void both_versions_of_tls_are_accepted(String version) throws Exception {
        try (TestHttpServer server = start();
                SSLSocket socket = (SSLSocket)
                        trusting(authority).context().getSocketFactory().createSocket("127.0.0.1", server.port())) {
            socket.setEnabledProtocols(new String[] {version});

            TestHttpServer.write(socket, LIVE);

            assertThat(TestHttpServer.readUntilClosed(socket)).startsWith("HTTP/1.1 200 ");
            assertThat(socket.getSession().getProtocol()).isEqualTo(version);
        }
    }

    @Test
    void a_client_that_offers_http_2_is_answered_with_http_1_1() throws Exception {
        try (TestHttpServer server = start();
                HttpClient client = HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_2)
                        .sslContext(trusting(authority).context())
                        .build()) {
            HttpResponse<String> response = client.send(
                    HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port() + "/echo"))
                            .build(),
                    BodyHandlers.ofString());

            assertThat(response.body()).isEqualTo("echo");
            assertThat(response.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
        }
    }

    @Test
    void a_plain_http_request_gets_no_answer_and_does_no_harm() throws Exception {
        try (TestHttpServer server = start()) {
            assertThat(server.exchange(LIVE)).doesNotContain("HTTP/");

            assertThat(trusting(authority).exchange(server.port(), LIVE)).startsWith("HTTP/1.1 200 ");
        }
    }

    @Test
    void new_connections_get_a_changed_certificate_without_a_restart() throws Exception {
        TestClient client = trusting(authority);
        try (TestHttpServer server = start("ADMIN_HTTP_PORT", "0");
                SSLSocket open = client.connect(server.port())) {
            assertThat(subject(client, server.port())).isEqualTo("CN=first");
            assertThat(expiryOf(server, "CN=first")).isTrue();

            serve(second);

            await().atMost(SOON).until(() -> subject(client, server.port()).equals("CN=second"));
            await().atMost(SOON).until(() -> subject(client, server.adminPort()).equals("CN=second"));
            assertThat(expiryOf(server, "CN=second")).isTrue();
            assertThat(expiryOf(server, "CN=first")).isFalse();
            TestHttpServer.write(open, ECHO);
            assertThat(TestHttpServer.readResponse(open)).endsWith("echo");
        }
    }

    @ParameterizedTest
    @EnumSource
    void with_unusable_files_the_certificate_remains_and_readiness_warns(Unusable files) throws Exception {
        TestClient client = trusting(authority);
        try (TestHttpServer server = start()) {
            makeUnusable(files);

            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(ready(client, server))
                            .contains("HTTP_TLS_KEY", "the previous certificate remains in use, which expires at"));
            assertThat(ready(client, server)).startsWith("HTTP/1.1 200 ");
            assertThat(subject(client, server.port())).isEqualTo("CN=first");

            serve(second);

            await().atMost(SOON).until(() -> subject(client, server.port()).equals("CN=second"));
            await().atMost(SOON).until(() -> !ready(client, server).contains("warning"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void with_unusable_files_a_server_does_not_start(Unusable files) throws Exception {
        makeUnusable(files);

        assertThatThrownBy(() -> start()).hasMessageContaining("HTTP_TLS_KEY");
    }

    @Test
    void a_connection_without_a_handshake_is_closed_after_the_header_timeout() throws Exception {
        try (TestHttpServer server = start("HTTP_HEADER_TIMEOUT", "PT0.5S");
                Socket silent = server.connect();
                Socket slow = server.connect()) {
            slow.getOutputStream().write(new byte[] {0x16, 0x03, 0x01});

            assertThat(TestHttpServer.readUntilClosed(silent)).isEmpty();
            assertThat(TestHttpServer.readUntilClosed(slow)).isEmpty();
            await().until(() -> server.ended("header-timeout") == 2);
            await().until(() -> server.connections.total() == 0);
        }
    }

    @Test
    void connections_without_a_handshake_make_room_for_new_ones() throws Exception {
        try (TestHttpServer server = start("HTTP_MAX_CONNECTIONS", "20", "HTTP_MAX_CONNECTIONS_PER_ADDRESS", "20")) {
            List<Socket> silent = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                silent.add(server.connect());
            }

            assertThat(trusting(authority).exchange(server.port(), LIVE)).startsWith("HTTP/1.1 200 ");
            await().untilAsserted(() -> assertThat(server.ended("evicted")).isEqualTo(81));
            assertThat(server.connections.total()).isLessThanOrEqualTo(20);
            for (Socket socket : silent) {
                socket.close();
            }
            await().until(() -> server.connections.total() == 0);
        }
    }

    @Test
    void the_deadlines_of_requests_hold_over_tls() throws Exception {
        String head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        try (TestHttpServer server =
                start("HTTP_HEADER_TIMEOUT", "PT0.5S", "HTTP_BODY_TIMEOUT", "PT0.5S", "HTTP_REQUEST_TIMEOUT", "PT1S")) {
            TestClient client = trusting(authority);

            assertThat(client.exchange(server.port(), head)).startsWith("HTTP/1.1 408 ");
            assertThat(client.exchange(server.port(), head + "Content-Length: 1000\r\n\r\n{"))
                    .startsWith("HTTP/1.1 408 ");
            assertThat(client.exchange(server.port(), "GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                    .startsWith("HTTP/1.1 503 ");
            assertThat(server.ended("header-timeout")).isEqualTo(1);
            assertThat(server.ended("body-timeout")).isEqualTo(1);
            assertThat(server.ended("request-timeout")).isEqualTo(1);
        }
    }

    @Test
    void a_client_that_does_not_take_its_responses_is_closed_to_make_room() throws Exception {
        try (TestHttpServer server = start("HTTP_MAX_CONNECTIONS", "1", "HTTP_MAX_CONNECTIONS_PER_ADDRESS", "1");
                SSLSocket reluctant = trusting(authority).connect(server.port())) {
            TestHttpServer.write(reluctant, LARGE + LARGE);
            await().until(() -> server.connections.total() == 1);

            await().atMost(SOON)
                    .ignoreExceptionsInstanceOf(IOException.class)
                    .until(() ->
                            trusting(authority).exchange(server.port(), LIVE).startsWith("HTTP/1.1 200 "));

            assertThat(server.ended("evicted")).isPositive();
        }
    }

    @Test
    void malformed_requests_are_refused_over_tls() throws Exception {
        try (TestHttpServer server = start()) {
            assertThat(trusting(authority).exchange(server.port(), "GET  /echo HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                    .startsWith("HTTP/1.1 400 ");
        }
    }

    @ParameterizedTest
    @CsvSource({"https, 200", "http, 403"})
    void a_page_is_of_the_same_origin_only_if_it_was_loaded_over_https(String scheme, int status) throws Exception {
        try (TestHttpServer server = start()) {
            String host = "localhost:" + server.port();
            String request = "DELETE /echo HTTP/1.1\r\nHost: " + host + "\r\nOrigin: " + scheme + "://" + host
                    + "\r\nConnection: close\r\n\r\n";

            assertThat(trusting(authority).exchange(server.port(), request)).startsWith("HTTP/1.1 " + status + " ");
        }
    }

    private TestHttpServer start(String... settings) {
        Map<String, String> all = new HashMap<>(Map.of(
                "HTTP_TLS_CERT", folder.resolve("cert.pem").toString(),
                "HTTP_TLS_KEY", folder.resolve("key.pem").toString()));
        for (int i = 0; i < settings.length; i += 2) {
            all.put(settings[i], settings[i + 1]);
        }
        return TestHttpServer.start(all);
    }

    private void serve(Issued issued) throws IOException {
        replace(issued.certificate(), "cert.pem");
        replace(issued.key(), "key.pem");
    }

    private void makeUnusable(Unusable files) throws IOException {
        switch (files) {
            case NOT_PEM -> Files.writeString(folder.resolve("cert.pem"), "not a certificate");
            case OTHER_KEY -> replace(second.key(), "key.pem");
            case NO_KEY -> Files.delete(folder.resolve("key.pem"));
        }
    }

    private void replace(Path from, String name) throws IOException {
        Files.copy(from, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }

    private static TestClient trusting(TestAuthority trusted) {
        return new TestClient(trusted.certificate());
    }

    private static String subject(TestClient client, int port) throws IOException {
        return client.certificate(port).getSubjectX500Principal().getName();
    }

    private static String ready(TestClient client, TestHttpServer server) throws IOException {
        return client.exchange(server.port(), LIVE.replace("live", "ready"));
    }

    private static boolean expiryOf(TestHttpServer server, String subject) {
        return server.meters
                        .find("lockstep.certificate.expiry.timestamp")
                        .tags("store", "http", "subject", subject)
                        .gauge()
                != null;
    }
}
