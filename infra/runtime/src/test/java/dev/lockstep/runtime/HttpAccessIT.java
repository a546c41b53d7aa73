package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
@TestInstance(Lifecycle.PER_CLASS)
class HttpAccessIT {
    private TestHttpServer server;

    @BeforeAll
    void start() {
        server = TestHttpServer.start(Map.of(
                "HTTP_ALLOWED_ORIGINS", "https://Shop.example, http://localhost:3000",
                "HTTP_ALLOWED_HOSTS", "shop.internal, shop_internal"));
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Origin: http://evil.example",
                "Origin: null",
                "Origin:",
                "Origin: http://localhost",
                "Origin: http://localhost:8081",
                "Origin: http://localhost.evil.example:8080",
                "Origin: http://127.0.0.1:8080",
                "Origin: http://shop.example",
                "Origin: http://localhost:8080/",
                "Origin: http://me@localhost:8080",
                "Origin: localhost:8080",
                "Origin: file://",
                "Origin: http://localhost:8080\r\nOrigin: http://evil.example",
                "Origin: http://localhost:8080, http://evil.example",
                "Sec-Fetch-Site: cross-site",
                "Sec-Fetch-Site: same-site",
                "Sec-Fetch-Site: Cross-Site",
                "Sec-Fetch-Site:",
                "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site",
                "Origin: http://localhost:8080\r\nSec-Fetch-Site: cross-site",
                "Origin: http://evil.example\r\nSec-Fetch-Site: same-origin"
            })
    void unsafe_requests_from_other_origins_are_rejected(String headers) throws IOException {
        int echoedBefore = server.echoed.get();

        assertThat(send("DELETE", "localhost:8080", headers))
                .startsWith("HTTP/1.1 403 ")
                .contains("application/problem+json");
        assertThat(send("POST", "localhost:8080", headers)).startsWith("HTTP/1.1 403 ");
        assertThat(send("BREW", "localhost:8080", headers)).startsWith("HTTP/1.1 403 ");
        assertThat(server.echoed.get()).isEqualTo(echoedBefore);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "X-None: of them",
                "Origin: http://localhost:8080",
                "Origin: http://LOCALHOST:8080\r\nSec-Fetch-Site: same-origin",
                "Sec-Fetch-Site: none",
                "Origin: https://shop.example\r\nSec-Fetch-Site: cross-site",
                "Origin: http://localhost:3000\r\nSec-Fetch-Site: same-site"
            })
    void unsafe_requests_from_own_or_allowed_origins_and_non_browsers_are_accepted(String headers) throws IOException {
        assertThat(send("DELETE", "localhost:8080", headers)).startsWith("HTTP/1.1 200 ");
    }

    @Test
    void an_origin_with_the_default_port_equals_the_host_without_a_port() throws IOException {
        assertThat(send("DELETE", "localhost", "Origin: http://localhost:80")).startsWith("HTTP/1.1 200 ");
        assertThat(send("DELETE", "localhost:443", "Origin: https://localhost")).startsWith("HTTP/1.1 200 ");
        assertThat(send("DELETE", "localhost", "Origin: https://localhost:80")).startsWith("HTTP/1.1 403 ");
    }

    @Test
    void an_own_origin_may_have_an_underscore() throws IOException {
        assertThat(send("DELETE", "shop_internal:8080", "Origin: http://shop_internal:8080"))
                .startsWith("HTTP/1.1 200 ");
        assertThat(send("DELETE", "shop_internal:8080", "Origin: http://shop_internal:8081"))
                .startsWith("HTTP/1.1 403 ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "HEAD", "OPTIONS"})
    void safe_methods_are_allowed_from_any_origin(String method) throws IOException {
        assertThat(send(method, "localhost", "Origin: http://evil.example\r\nSec-Fetch-Site: cross-site"))
                .doesNotStartWith("HTTP/1.1 403 ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "LocalHost:1",
                "127.0.0.1",
                "127.0.0.1:65535",
                "[::1]",
                "[::1]:80",
                "shop.internal",
                "SHOP.internal:8080"
            })
    void local_host_names_are_accepted(String host) throws IOException {
        assertThat(send("GET", host, "X-A: b")).startsWith("HTTP/1.1 200 ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example",
                "evil.example:8080",
                "localhost.evil.example",
                "evil.localhost",
                "127.0.0.1.evil.example",
                "127.0.0.2",
                "192.168.0.1",
                "0.0.0.0",
                "[::]",
                "2130706433",
                "shop.internal.evil.example"
            })
    void dns_rebinding_host_names_are_rejected(String host) throws IOException {
        assertThat(send("GET", host, "X-A: b"))
                .startsWith("HTTP/1.1 421 ")
                .contains("application/problem+json", "HTTP_ALLOWED_HOSTS");
        assertThat(server.exchange("GET /health/live HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 421 ");
        assertThat(server.exchange(
                        "GET http://" + host + "/echo HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 421 ");
    }

    @Test
    void a_service_on_all_addresses_accepts_any_host_until_hosts_are_configured() throws Exception {
        try (TestHttpServer open = TestHttpServer.start(Map.of("AUTH", "none", "HTTP_HOST", "0.0.0.0"))) {
            assertThat(open.exchange("GET /echo HTTP/1.1\r\nHost: orders.example\r\nConnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 200 ");
        }
        try (TestHttpServer configured = TestHttpServer.start(
                Map.of("AUTH", "none", "HTTP_HOST", "0.0.0.0", "HTTP_ALLOWED_HOSTS", "orders.example"))) {
            assertThat(configured.exchange("GET /echo HTTP/1.1\r\nHost: orders.example\r\nConnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 200 ");
            assertThat(configured.exchange("GET /echo HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 421 ");
            // As in the probes of an orchestrator.
            assertThat(configured.exchange("GET /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 200 ");
        }
    }

    @Test
    void a_wildcard_allows_any_host() throws Exception {
        try (TestHttpServer open = TestHttpServer.start(Map.of("HTTP_ALLOWED_HOSTS", "*"))) {
            assertThat(open.exchange("GET /echo HTTP/1.1\r\nHost: orders.example\r\nConnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 200 ");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Type: text/plain\r\nContent-Length: 2",
                "Content-Type: text/plain;charset=UTF-8\r\nTransfer-Encoding: chunked",
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 2",
                "Content-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 2",
                "Content-Type: text/plain; application/json\r\nContent-Length: 2",
                "Content-Length: 2"
            })
    void a_body_of_another_content_type_is_rejected_even_where_it_is_not_read(String headers) throws IOException {
        int echoedBefore = server.echoed.get();

        assertThat(server.exchange("DELETE /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers
                        + "\r\n\r\n" + (headers.contains("chunked") ? "2\r\n{}\r\n0\r\n\r\n" : "{}")))
                .startsWith("HTTP/1.1 415 ")
                .contains("application/problem+json");
        assertThat(server.echoed.get()).isEqualTo(echoedBefore);
    }

    @Test
    void responses_disable_caching_and_content_sniffing() throws IOException {
        assertThat(send("GET", "localhost", "X-A: b").toLowerCase(Locale.ROOT))
                .contains("cache-control: no-store", "x-content-type-options: nosniff");
        assertThat(send("GET", "evil.example", "X-A: b").toLowerCase(Locale.ROOT))
                .contains("cache-control: no-store", "x-content-type-options: nosniff");
    }

    @Test
    void head_answers_like_get_without_a_body() throws IOException {
        assertThat(send("HEAD", "localhost", "X-A: b"))
                .startsWith("HTTP/1.1 200 ")
                .endsWith("\r\n\r\n");
        assertThat(server.exchange("HEAD /nowhere?a=b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 404 ")
                .endsWith("\r\n\r\n");
        assertThat(server.exchange("HEAD /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 200 ")
                .endsWith("\r\n\r\n");
    }

    private String send(String method, String host, String headers) throws IOException {
        return server.exchange(
                method + " /echo HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n" + headers + "\r\n\r\n");
    }
}
