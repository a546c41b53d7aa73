package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
@TestInstance(Lifecycle.PER_CLASS)
@SuppressWarnings("StringConcatToTextBlock") // lines of requests end with CRLF
class StrictHttpIT {
    private static final String SMUGGLED = "DELETE /echo HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private static final String JSON = "Content-Type: application/json\r\n";
    private static final String CHUNKED_BODY = "2\r\n{}\r\n0\r\n\r\n";

    private TestHttpServer server;

    @BeforeAll
    void start() {
        server = TestHttpServer.start(Map.of());
    }

    @AfterAll
    void stop() {
        server.close();
    }

    static List<Arguments> malformed() {
        return List.of(
                post("both lengths", "Content-Length: 12\r\nTransfer-Encoding: chunked\r\n", CHUNKED_BODY, 400),
                post(
                        "both lengths, the other way",
                        "Transfer-Encoding: chunked\r\nContent-Length: 12\r\n",
                        CHUNKED_BODY,
                        400),
                post("two encodings in one", "Transfer-Encoding: chunked, xchunked\r\n", CHUNKED_BODY, 400, 501),
                post("an encoding before chunked", "Transfer-Encoding: gzip, chunked\r\n", CHUNKED_BODY, 400, 501),
                post("chunked twice", "Transfer-Encoding: chunked, chunked\r\n", CHUNKED_BODY, 400, 501),
                post(
                        "two encodings",
                        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                        CHUNKED_BODY,
                        400),
                post("an unknown encoding", "Transfer-Encoding: xchunked\r\n", CHUNKED_BODY, 400, 501),
                post("identity", "Transfer-Encoding: identity\r\n", "{}", 400, 501),
                post("an empty encoding", "Transfer-Encoding:\r\n", "{}", 400, 501),
                post("an encoding after a vertical tab", "Transfer-Encoding: \u000bchunked\r\n", CHUNKED_BODY, 400),
                post("a quoted encoding", "Transfer-Encoding: \"chunked\"\r\n", CHUNKED_BODY, 400, 501),
                post("an encoding before a colon and a space", "Transfer-Encoding : chunked\r\n", CHUNKED_BODY, 400),
                post("a signed length", "Content-Length: +2\r\n", "{}", 400),
                post("a negative length", "Content-Length: -2\r\n", "{}", 400),
                post("a list of lengths", "Content-Length: 2, 2\r\n", "{}", 400),
                post("a hexadecimal length", "Content-Length: 0x2\r\n", "{}", 400),
                post("two lengths", "Content-Length: 2\r\nContent-Length: 3\r\n", "{}", 400),
                post("the same length twice", "Content-Length: 2\r\nContent-Length: 2\r\n", "{}", 400),
                post("an empty length", "Content-Length:\r\n", "{}", 400),
                post("a length past all numbers", "Content-Length: 99999999999999999999\r\n", "{}", 400),
                post("a length with a space inside", "Content-Length: 2 0\r\n", "{}", 400),
                raw(
                        "an encoding in HTTP/1.0",
                        "POST /echo HTTP/1.0\r\n" + JSON + "Transfer-Encoding: chunked\r\n\r\n" + CHUNKED_BODY,
                        400),
                raw(
                        "both lengths in HTTP/1.0",
                        "POST /echo HTTP/1.0\r\n" + JSON + "Transfer-Encoding: chunked\r\nContent-Length: 12\r\n\r\n"
                                + CHUNKED_BODY,
                        400),
                raw(
                        "two lengths in HTTP/1.0",
                        "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\n" + JSON
                                + "Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}",
                        400),
                get("two hosts", "Host: localhost\r\nHost: localhost\r\n", 400),
                get("two different hosts", "Host: localhost\r\nHost: evil.example\r\n", 400),
                get("no host", "", 400),
                get("an empty host", "Host:\r\n", 400),
                get("a host with a user", "Host: me@localhost\r\n", 400),
                get("a host with a path", "Host: localhost/echo\r\n", 400),
                get("a host with a space", "Host: local host\r\n", 400),
                get("a list of hosts", "Host: localhost, evil.example\r\n", 400),
                get("a continued line", "Host: localhost\r\nX-A: b\r\n c\r\n", 400),
                get(
                        "a continued line that hides a field",
                        "Host: localhost\r\nX-A: b\r\n\tTransfer-Encoding: chunked\r\n",
                        400),
                get("a first field that is continued", " Host: localhost\r\nHost: localhost\r\n", 400),
                get("a space before the colon", "Host: localhost\r\nX-A : b\r\n", 400),
                get("no colon", "Host: localhost\r\nX-A\r\n", 400),
                get("no name", "Host: localhost\r\n: b\r\n", 400),
                get("a name that is not a token", "Host: localhost\r\nX(A): b\r\n", 400),
                get("a bare line feed", "Host: localhost\nX-A: b\r\n", 400),
                get("a bare carriage return", "Host: localhost\r\nX-A: b\rc\r\n", 400),
                get("a carriage return too many", "Host: localhost\r\r\n", 400),
                get("a NUL in a value", "Host: localhost\r\nX-A: b\0c\r\n", 400),
                get("a NUL in a name", "Host: localhost\r\nX\0A: b\r\n", 400),
                get("an escape in a value", "Host: localhost\r\nX-A: \u001b[31m\r\n", 400),
                get(
                        "a WebSocket of 2010",
                        "Host: localhost\r\n"
                                + "Sec-WebSocket-Key1: a\r\n"
                                + "Sec-WebSocket-Key2: b\r\n"
                                + "Connection: Upgrade\r\n"
                                + "Upgrade: WebSocket\r\n",
                        400),
                get("headers that are too large", "Host: localhost\r\nX-A: " + "a".repeat(9000) + "\r\n", 431),
                line("two spaces", "GET  /echo HTTP/1.1", 400),
                line("two spaces before the version", "GET /echo  HTTP/1.1", 400),
                line("a tab", "GET\t/echo HTTP/1.1", 400),
                line("a space at the end", "GET /echo HTTP/1.1 ", 400),
                line("a space at the beginning", " GET /echo HTTP/1.1", 400),
                line("a space in the target", "GET /echo a HTTP/1.1", 400),
                line("no version", "GET /echo", 400),
                line("a version in lower case", "GET /echo http/1.1", 400),
                line("HTTP/0.9", "GET /echo HTTP/0.9", 505),
                line("HTTP/1.2", "GET /echo HTTP/1.2", 505),
                line("HTTP/2.0", "GET /echo HTTP/2.0", 505),
                line("HTTP/3.0", "GET /echo HTTP/3.0", 505),
                line("HTTP/1.10", "GET /echo HTTP/1.10", 400),
                line("another protocol", "GET /echo ICY/1.1", 400),
                line("a method that is not a token", "G(T /echo HTTP/1.1", 400),
                line("no method", "/echo HTTP/1.1", 400),
                line("a target without a slash", "GET echo HTTP/1.1", 400),
                line("a fragment", "GET /echo#a HTTP/1.1", 400),
                line("a backslash", "GET /echo\\a HTTP/1.1", 400),
                line("bytes past ASCII", "GET /echo?a=\u00fc HTTP/1.1", 400),
                line("a NUL in the target", "GET /echo\0 HTTP/1.1", 400),
                line("an asterisk", "GET * HTTP/1.1", 400),
                line("another host in the target", "GET http://evil.example/echo HTTP/1.1", 400),
                line("another port in the target", "GET http://localhost:1/echo HTTP/1.1", 400),
                line("a user in the target", "GET http://me@localhost/echo HTTP/1.1", 400),
                line("another scheme in the target", "GET ftp://localhost/echo HTTP/1.1", 400),
                line("CONNECT", "CONNECT localhost:80 HTTP/1.1", 501),
                line("TRACE", "TRACE /echo HTTP/1.1", 501),
                line("a line that is too long", "GET /echo?" + "a".repeat(5000) + " HTTP/1.1", 414),
                raw("HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
                raw("TLS", "\u0016\u0003\u0001\0\u0005\u0001\0\0\u0001\0\r\n\r\n", 400),
                raw("binary before the request", "\0\u0001GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n", 400));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void ambiguous_requests_are_rejected_and_close_the_connection(String name, String request, List<Integer> statuses)
            throws IOException {
        int echoedBefore = server.echoed.get();

        String answer = server.exchange(request + SMUGGLED);

        assertThat(answer.split("HTTP/1\\.[01] [0-9]{3} ", -1)).as(answer).hasSize(2);
        assertThat(statuses).as(answer).contains(Integer.valueOf(answer.substring(9, 12)));
        assertThat(answer)
                .contains("application/problem+json", "connection: close", "\"status\":" + answer.substring(9, 12));
        assertThat(server.echoed.get()).isEqualTo(echoedBefore);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "zz\r\n{}\r\n0\r\n\r\n",
                "+2\r\n{}\r\n0\r\n\r\n",
                "0x2\r\n{}\r\n0\r\n\r\n",
                "\r\n{}\r\n0\r\n\r\n",
                "2\n{}\r\n0\r\n\r\n",
                "2\r\n{}0\r\n\r\n",
                "2\r\n{}\n0\r\n\r\n",
                "100000000\r\n{}\r\n0\r\n\r\n",
                "2;a\nb\r\n{}\r\n0\r\n\r\n",
                "2 x\r\n{}\r\n0\r\n\r\n",
                "2 \r\n{}\r\n0\r\n\r\n",
                " 2\r\n{}\r\n0\r\n\r\n",
                "2\t\r\n{}\r\n0\r\n\r\n",
                "2;a=\0\r\n{}\r\n0\r\n\r\n",
                "2\r\n{}\r\n0 x\r\n\r\n",
                "2\r\n{}\r\n0\r\nX-A : b\r\n\r\n",
                "2\r\n{}\r\n0\r\nX-A: b\n\r\n"
            })
    void a_malformed_chunked_body_is_rejected_and_closes_the_connection(String body) throws IOException {
        int echoedBefore = server.echoed.get();

        String answer = server.exchange("POST /echo HTTP/1.1\r\nHost: localhost\r\n" + JSON
                + "Transfer-Encoding: chunked\r\n\r\n" + body + SMUGGLED);

        assertThat(answer).startsWith("HTTP/1.1 400 ").contains("application/problem+json");
        assertThat(answer.split("HTTP/1\\.[01] [0-9]{3} ", -1)).as(answer).hasSize(2);
        assertThat(server.echoed.get()).isEqualTo(echoedBefore);
    }

    @Test
    void a_malformed_request_sent_byte_by_byte_is_rejected() throws IOException {
        try (Socket socket = server.connect()) {
            socket.setTcpNoDelay(true);
            for (char each : "GET /echo HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n c\r\n".toCharArray()) {
                TestHttpServer.write(socket, String.valueOf(each));
            }

            assertThat(TestHttpServer.readUntilClosed(socket)).startsWith("HTTP/1.1 400 ");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "\r\n\r\nGET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET /echo?a=b%20[c] HTTP/1.1\r\nhost: LOCALHOST:80\r\nX-A:\t b \t\r\nX-B: \u00fc\r\n\r\n",
                "GET http://localhost/echo HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET HTTP://LocalHost/echo?a=b HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET http://localhost:80/echo HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET http://localhost/echo HTTP/1.1\r\nHost: localhost:80\r\n\r\n",
                "POST /echo HTTP/1.1\r\n"
                        + "Host: localhost\r\n"
                        + "Content-Type: application/json\r\n"
                        + "Content-Length: 02\r\n\r\n"
                        + "{}",
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Transfer-Encoding: CHUNKED\r\n\r\n2;a=\"b\"\r\n{}\r\n0\r\nX-Trailer: a\r\n\r\n",
                "DELETE /echo HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 0\r\nContent-Type: text/plain\r\n\r\n"
            })
    void well_formed_requests_are_answered_and_keep_the_connection(String request) throws IOException {
        try (Socket socket = server.connect()) {
            for (int time = 0; time < 3; time++) {
                TestHttpServer.write(socket, request);
                assertThat(TestHttpServer.readResponse(socket)).startsWith("HTTP/1.1 200 ");
            }
        }
    }

    @Test
    void pipelined_requests_are_answered_in_order() throws IOException {
        assertThat(server.exchange("POST /echo HTTP/1.1\r\nHost: localhost\r\n" + JSON
                                + "Content-Length: 14\r\n\r\n{\"text\":\"one\"}"
                                + "POST /echo HTTP/1.1\r\nHost: localhost\r\n" + JSON
                                + "Transfer-Encoding: chunked\r\n\r\ne\r\n{\"text\":\"two\"}\r\n0\r\n\r\n"
                                + "GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                        .split("HTTP/1\\.1 200 OK", -1))
                .hasSize(4)
                .satisfies(answers -> assertThat(answers[1]).endsWith("{\"text\":\"one\"}"))
                .satisfies(answers -> assertThat(answers[2]).endsWith("{\"text\":\"two\"}"))
                .satisfies(answers -> assertThat(answers[3]).endsWith("echo"));
    }

    @Test
    void http_1_0_needs_no_host() throws IOException {
        assertThat(server.exchange("GET /echo HTTP/1.0\r\n\r\n"))
                .startsWith("HTTP/1.0 200 OK")
                .endsWith("echo");
    }

    @Test
    void an_http_2_upgrade_is_ignored() throws IOException {
        try (Socket socket = server.connect()) {
            TestHttpServer.write(
                    socket,
                    "GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                            + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n");

            assertThat(TestHttpServer.readResponse(socket)).startsWith("HTTP/1.1 200 OK");
        }
    }

    @Test
    void a_rejected_request_is_counted() throws IOException {
        double before = server.counted("lockstep.http.requests.malformed");

        server.exchange("GET /echo HTTP/1.1\r\n\r\n");

        assertThat(server.counted("lockstep.http.requests.malformed")).isEqualTo(before + 1);
    }

    private static Arguments post(String name, String headers, String body, Integer... statuses) {
        return raw(name, "POST /echo HTTP/1.1\r\nHost: localhost\r\n" + JSON + headers + "\r\n" + body, statuses);
    }

    private static Arguments get(String name, String headers, Integer... statuses) {
        return raw(name, "GET /echo HTTP/1.1\r\n" + headers + "\r\n", statuses);
    }

    private static Arguments line(String name, String line, Integer... statuses) {
        return raw(name, line + "\r\nHost: localhost\r\n\r\n", statuses);
    }

    private static Arguments raw(String name, String request, Integer... statuses) {
        return Arguments.of(name, request, List.of(statuses));
    }
}
