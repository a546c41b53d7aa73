package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class HttpLimitsIT {
    private static final String GET = "GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private static final String NEVER = "GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private static final String POST_HEAD =
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n";
    private static final String LIVE = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    @Test
    void idle_connections_do_not_block_new_ones() throws Exception {
        try (TestHttpServer server =
                TestHttpServer.start(Map.of("HTTP_MAX_CONNECTIONS", "20", "HTTP_MAX_CONNECTIONS_PER_ADDRESS", "20"))) {
            List<Socket> silent = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                silent.add(server.connect());
            }

            assertThat(server.exchange(LIVE)).startsWith("HTTP/1.1 200 ");
            await().untilAsserted(() -> assertThat(server.ended("evicted")).isEqualTo(181));
            assertThat(server.connections.total()).isLessThanOrEqualTo(20);
            closeAll(silent);
            await().until(() -> server.connections.total() == 0);
        }
    }

    @Test
    void connections_wait_in_the_backlog_while_the_event_loop_is_busy() throws Exception {
        try (TestHttpServer server = TestHttpServer.start(Map.of());
                Socket blocking = server.connect()) {
            TestHttpServer.write(blocking, NEVER.replace("/never", "/blocking"));
            await().until(() -> server.echoed.get() == 1);
            long before = openFiles();

            List<Socket> silent = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                silent.add(server.connect());
            }
            long opened = openFiles() - before;

            // One file for the client's end of each connection, and the server's end only of accepted connections.
            assertThat(opened).isBetween(400L, 400L + 150L);
            assertThat(TestHttpServer.readResponse(blocking)).startsWith("HTTP/1.1 200 ");
            assertThat(server.exchange(LIVE)).startsWith("HTTP/1.1 200 ");
            await().until(() -> server.connections.total() == 401);
            closeAll(silent);
        }
    }

    @Test
    void unfinished_requests_do_not_block_new_ones() throws Exception {
        try (TestHttpServer server =
                TestHttpServer.start(Map.of("HTTP_MAX_CONNECTIONS", "10", "HTTP_MAX_CONNECTIONS_PER_ADDRESS", "10"))) {
            List<Socket> unfinished = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                Socket socket = server.connect();
                TestHttpServer.write(socket, i % 2 == 0 ? "GET /echo HTTP/1.1\r\nHost: lo" : POST_HEAD + "{");
                unfinished.add(socket);
            }

            assertThat(server.exchange(LIVE)).startsWith("HTTP/1.1 200 ");
            closeAll(unfinished);
        }
    }

    @Test
    void the_longest_idle_connection_is_evicted() throws Exception {
        try (TestHttpServer server = TestHttpServer.start(
                        Map.of("HTTP_MAX_CONNECTIONS", "3", "HTTP_MAX_CONNECTIONS_PER_ADDRESS", "3"));
                Socket first = server.connect();
                Socket second = server.connect();
                Socket working = server.connect()) {
            ask(second, GET);
            TestHttpServer.write(working, NEVER);
            ask(first, GET);
            await().until(() -> server.connections.total() == 3);

            try (Socket third = server.connect()) {
                ask(third, GET);

                assertThat(TestHttpServer.readUntilClosed(second)).isEmpty();
                ask(first, GET);
            }
        }
    }

    @Test
    @SuppressWarnings("try") // closed early on purpose
    void a_new_connection_is_refused_and_counted_when_all_others_are_busy() throws Exception {
        try (TestHttpServer server = TestHttpServer.start(
                        Map.of("HTTP_MAX_CONNECTIONS", "4", "HTTP_MAX_CONNECTIONS_PER_ADDRESS", "2"));
                Socket first = server.connect();
                Socket second = server.connect()) {
            TestHttpServer.write(first, NEVER);
            TestHttpServer.write(second, NEVER);
            await().until(() -> server.echoed.get() == 2);

            try (Socket third = server.connect()) {
                assertThat(TestHttpServer.readUntilClosed(third)).isEmpty();
            }
            assertThat(server.counted("lockstep.http.connections.refused", "reason", "address"))
                    .isEqualTo(1);

            first.close();
            await().untilAsserted(() -> assertThat(server.exchange(LIVE)).startsWith("HTTP/1.1 200 "));
        }
    }

    @Test
    void a_slow_header_section_times_out() throws Exception {
        try (TestHttpServer server = TestHttpServer.start(Map.of("HTTP_HEADER_TIMEOUT", "PT1S"));
                Socket socket = server.connect()) {
            long begun = System.nanoTime();
            TestHttpServer.write(socket, "GET /echo HTTP/1.1\r\n");

            String answer = drip(socket, "X-A: b\r\n");

            assertThat(answer).startsWith("HTTP/1.1 408 ").contains("application/problem+json", "connection: close");
            assertThat(Duration.ofNanos(System.nanoTime() - begun))
                    .isBetween(Duration.ofMillis(900), Duration.ofSeconds(10));
            assertThat(server.ended("header-timeout")).isEqualTo(1);
        }
    }

    @Test
    void a_slow_header_section_of_a_later_request_times_out() throws Exception {
        try (TestHttpServer server = TestHttpServer.start(Map.of("HTTP_HEADER_TIMEOUT", "PT1S"));
                Socket socket = server.connect()) {
            ask(socket, GET);

            assertThat(drip(socket, "\r\n")).startsWith("HTTP/1.1 408 ");
        }
    }

    @Test
    void a_connection_without_a_request_is_closed_after_the_header_timeout() throws Exception {
        try (TestHttpServer server = TestHttpServer.start(Map.of("HTTP_HEADER_TIMEOUT", "PT0.5S"));
                Socket socket = server.connect()) {
            assertThat(TestHttpServer.readUntilClosed(socket)).isEmpty();
        }
    }

    @Test
    void an_idle_connection_between_requests_outlives_the_header_timeout() throws Exception {
        try (TestHttpServer server = TestHttpServer.start(Map.of("HTTP_HEADER_TIMEOUT", "PT0.3S"));
                Socket idle = server.connect();
                Socket silent = server.connect()) {
            ask(idle, GET);
            TestHttpServer.readUntilClosed(silent);
            try (Socket silentToo = server.connect()) {
                TestHttpServer.readUntilClosed(silentToo);
            }

            ask(idle, GET);
        }
    }

    @Test
    void a_slow_body_times_out() throws Exception {
        try (TestHttpServer server = TestHttpServer.start(Map.of("HTTP_BODY_TIMEOUT", "PT1S"));
                Socket socket = server.connect()) {
            TestHttpServer.write(socket, POST_HEAD);

            assertThat(drip(socket, " ")).startsWith("HTTP/1.1 408 ").contains("application/problem+json");
            assertThat(server.ended("body-timeout")).isEqualTo(1);
            assertThat(server.echoed.get()).isZero();
        }
    }

    @Test
    void a_slow_chunked_body_times_out() throws Exception {
        try (TestHttpServer server = TestHttpServer.start(Map.of("HTTP_BODY_TIMEOUT", "PT1S"));
                Socket socket = server.connect()) {
            TestHttpServer.write(socket, POST_HEAD.replace("Content-Length: 1000", "Transfer-Encoding: chunked"));

            assertThat(drip(socket, "1\r\n \r\n")).startsWith("HTTP/1.1 408 ");
        }
    }

    @Test
    void a_body_that_continues_after_its_rejection_times_out() throws Exception {
        try (TestHttpServer server = TestHttpServer.start(Map.of("HTTP_BODY_TIMEOUT", "PT1S"));
                Socket socket = server.connect()) {
            TestHttpServer.write(socket, POST_HEAD.replace("application/json", "text/plain"));

            assertThat(drip(socket, " ")).startsWith("HTTP/1.1 415 ").doesNotContain(" 408 ");
        }
    }

    @Test
    void a_request_over_the_request_timeout_is_answered_503() throws Exception {
        try (TestHttpServer server = TestHttpServer.start(Map.of("HTTP_REQUEST_TIMEOUT", "PT1S"))) {
            assertThat(server.exchange(NEVER)).startsWith("HTTP/1.1 503 ").contains("application/problem+json");
            assertThat(server.ended("request-timeout")).isEqualTo(1);
        }
    }

    @Test
    void a_client_that_does_not_read_its_response_is_disconnected() throws Exception {
        try (TestHttpServer server = TestHttpServer.start(Map.of("HTTP_REQUEST_TIMEOUT", "PT1S"));
                Socket socket = server.connect(4096)) {
            // More than the socket buffers of both sides can hold.
            TestHttpServer.write(socket, "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(5));

            await().untilAsserted(
                            () -> assertThat(server.ended("request-timeout")).isEqualTo(1));
            await().until(() -> server.connections.total() == 0);
        }
    }

    private static void ask(Socket socket, String request) throws IOException {
        TestHttpServer.write(socket, request);
        assertThat(TestHttpServer.readResponse(socket)).startsWith("HTTP/1.1 200 ");
    }

    // Sends the text ten times a second until the server closes the connection.
    private static String drip(Socket socket, String drop) throws IOException {
        try (ScheduledExecutorService dripping = Executors.newSingleThreadScheduledExecutor()) {
            ScheduledFuture<?> drops =
                    dripping.scheduleAtFixedRate(() -> writeUnlessClosed(socket, drop), 0, 100, TimeUnit.MILLISECONDS);
            String answer = TestHttpServer.readUntilClosed(socket);
            drops.cancel(false);
            return answer;
        }
    }

    private static void writeUnlessClosed(Socket socket, String drop) {
        try {
            TestHttpServer.write(socket, drop);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long openFiles() {
        return ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getOpenFileDescriptorCount();
    }

    private static void closeAll(List<Socket> sockets) throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
