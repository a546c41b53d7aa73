package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
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
    void a_flood_of_silent_connections_locks_nobody_out() throws Exception {
        try (EdgeServer server =
                EdgeServer.start(Map.of("HTTP_MAX_CONNECTIONS", "20", "HTTP_MAX_CONNECTIONS_PER_ADDRESS", "20"))) {
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
    void a_flood_of_requests_that_are_never_finished_locks_nobody_out() throws Exception {
        try (EdgeServer server =
                EdgeServer.start(Map.of("HTTP_MAX_CONNECTIONS", "10", "HTTP_MAX_CONNECTIONS_PER_ADDRESS", "10"))) {
            List<Socket> unfinished = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                Socket socket = server.connect();
                EdgeServer.write(socket, i % 2 == 0 ? "GET /echo HTTP/1.1\r\nHost: lo" : POST_HEAD + "{");
                unfinished.add(socket);
            }

            assertThat(server.exchange(LIVE)).startsWith("HTTP/1.1 200 ");
            closeAll(unfinished);
        }
    }

    @Test
    void the_connection_that_has_been_idle_longest_makes_room() throws Exception {
        try (EdgeServer server =
                        EdgeServer.start(Map.of("HTTP_MAX_CONNECTIONS", "3", "HTTP_MAX_CONNECTIONS_PER_ADDRESS", "3"));
                Socket first = server.connect();
                Socket second = server.connect();
                Socket working = server.connect()) {
            ask(second, GET);
            EdgeServer.write(working, NEVER);
            ask(first, GET);
            await().until(() -> server.connections.total() == 3);

            try (Socket third = server.connect()) {
                ask(third, GET);

                assertThat(EdgeServer.readUntilClosed(second)).isEmpty();
                ask(first, GET);
            }
        }
    }

    @Test
    @SuppressWarnings("try") // closed early on purpose
    void where_every_connection_has_a_request_in_work_a_new_one_is_refused_and_counted() throws Exception {
        try (EdgeServer server =
                        EdgeServer.start(Map.of("HTTP_MAX_CONNECTIONS", "4", "HTTP_MAX_CONNECTIONS_PER_ADDRESS", "2"));
                Socket first = server.connect();
                Socket second = server.connect()) {
            EdgeServer.write(first, NEVER);
            EdgeServer.write(second, NEVER);
            await().until(() -> server.echoed.get() == 2);

            try (Socket third = server.connect()) {
                assertThat(EdgeServer.readUntilClosed(third)).isEmpty();
            }
            assertThat(server.counted("lockstep.http.connections.refused", "reason", "address"))
                    .isEqualTo(1);

            first.close();
            await().untilAsserted(() -> assertThat(server.exchange(LIVE)).startsWith("HTTP/1.1 200 "));
        }
    }

    @Test
    void a_header_section_that_drips_in_is_given_up_after_its_time() throws Exception {
        try (EdgeServer server = EdgeServer.start(Map.of("HTTP_HEADER_TIMEOUT", "PT1S"));
                Socket socket = server.connect()) {
            long begun = System.nanoTime();
            EdgeServer.write(socket, "GET /echo HTTP/1.1\r\n");

            String answer = drip(socket, "X-A: b\r\n");

            assertThat(answer).startsWith("HTTP/1.1 408 ").contains("application/problem+json", "connection: close");
            assertThat(Duration.ofNanos(System.nanoTime() - begun))
                    .isBetween(Duration.ofMillis(900), Duration.ofSeconds(10));
            assertThat(server.ended("header-timeout")).isEqualTo(1);
        }
    }

    @Test
    void so_is_that_of_a_later_request_of_the_connection() throws Exception {
        try (EdgeServer server = EdgeServer.start(Map.of("HTTP_HEADER_TIMEOUT", "PT1S"));
                Socket socket = server.connect()) {
            ask(socket, GET);

            assertThat(drip(socket, "\r\n")).startsWith("HTTP/1.1 408 ");
        }
    }

    @Test
    void a_connection_that_sends_nothing_at_all_ends_with_the_time_for_headers() throws Exception {
        try (EdgeServer server = EdgeServer.start(Map.of("HTTP_HEADER_TIMEOUT", "PT0.5S"));
                Socket socket = server.connect()) {
            assertThat(EdgeServer.readUntilClosed(socket)).isEmpty();
        }
    }

    @Test
    void a_connection_between_requests_outlives_the_time_for_headers() throws Exception {
        try (EdgeServer server = EdgeServer.start(Map.of("HTTP_HEADER_TIMEOUT", "PT0.3S"));
                Socket idle = server.connect();
                Socket silent = server.connect()) {
            ask(idle, GET);
            EdgeServer.readUntilClosed(silent);
            try (Socket silentToo = server.connect()) {
                EdgeServer.readUntilClosed(silentToo);
            }

            ask(idle, GET);
        }
    }

    @Test
    void a_body_that_drips_in_is_given_up_after_its_time() throws Exception {
        try (EdgeServer server = EdgeServer.start(Map.of("HTTP_BODY_TIMEOUT", "PT1S"));
                Socket socket = server.connect()) {
            EdgeServer.write(socket, POST_HEAD);

            assertThat(drip(socket, " ")).startsWith("HTTP/1.1 408 ").contains("application/problem+json");
            assertThat(server.ended("body-timeout")).isEqualTo(1);
            assertThat(server.echoed.get()).isZero();
        }
    }

    @Test
    void a_chunked_body_that_drips_in_is_given_up_after_its_time() throws Exception {
        try (EdgeServer server = EdgeServer.start(Map.of("HTTP_BODY_TIMEOUT", "PT1S"));
                Socket socket = server.connect()) {
            EdgeServer.write(socket, POST_HEAD.replace("Content-Length: 1000", "Transfer-Encoding: chunked"));

            assertThat(drip(socket, "1\r\n \r\n")).startsWith("HTTP/1.1 408 ");
        }
    }

    @Test
    void a_body_that_goes_on_after_it_was_refused_is_given_up_as_well() throws Exception {
        try (EdgeServer server = EdgeServer.start(Map.of("HTTP_BODY_TIMEOUT", "PT1S"));
                Socket socket = server.connect()) {
            EdgeServer.write(socket, POST_HEAD.replace("application/json", "text/plain"));

            assertThat(drip(socket, " ")).startsWith("HTTP/1.1 415 ").doesNotContain(" 408 ");
        }
    }

    @Test
    void a_request_that_is_not_answered_in_time_is_unavailable() throws Exception {
        try (EdgeServer server = EdgeServer.start(Map.of("HTTP_REQUEST_TIMEOUT", "PT1S"))) {
            assertThat(server.exchange(NEVER)).startsWith("HTTP/1.1 503 ").contains("application/problem+json");
            assertThat(server.ended("request-timeout")).isEqualTo(1);
        }
    }

    @Test
    void a_client_that_does_not_take_its_response_is_given_up() throws Exception {
        try (EdgeServer server = EdgeServer.start(Map.of("HTTP_REQUEST_TIMEOUT", "PT1S"));
                Socket socket = server.connect(4096)) {
            // More than the buffers of both sides hold.
            EdgeServer.write(socket, "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(5));

            await().untilAsserted(
                            () -> assertThat(server.ended("request-timeout")).isEqualTo(1));
            await().until(() -> server.connections.total() == 0);
        }
    }

    private static void ask(Socket socket, String request) throws IOException {
        EdgeServer.write(socket, request);
        assertThat(EdgeServer.readResponse(socket)).startsWith("HTTP/1.1 200 ");
    }

    // One more byte or line ten times a second, as long as the server takes it.
    private static String drip(Socket socket, String drop) throws IOException {
        try (ScheduledExecutorService dripping = Executors.newSingleThreadScheduledExecutor()) {
            ScheduledFuture<?> drops =
                    dripping.scheduleAtFixedRate(() -> writeUnlessClosed(socket, drop), 0, 100, TimeUnit.MILLISECONDS);
            String answer = EdgeServer.readUntilClosed(socket);
            drops.cancel(false);
            return answer;
        }
    }

    private static void writeUnlessClosed(Socket socket, String drop) {
        try {
            EdgeServer.write(socket, drop);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void closeAll(List<Socket> sockets) throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
